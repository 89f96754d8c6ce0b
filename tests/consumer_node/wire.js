'use strict';
// What comes and what goes, as docs/consumers.md has it.

const NUMBERS = { unknown: 1, sent: 2, failed: 3, expired: 3, delivered: 4 };

class Unreadable extends Error {}

function read(content) {
  let message;
  try {
    message = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch {
    throw new Unreadable('not JSON');
  }
  if (message === null || typeof message !== 'object') throw new Unreadable('no object');
  for (const name of ['message_id', 'to', 'text']) {
    if (typeof message[name] !== 'string' || !message[name]) throw new Unreadable(`${name} is missing`);
  }
  if (message.expires_at && Number.isNaN(Date.parse(message.expires_at))) throw new Unreadable('expires_at is no time');
  return message;
}

function expired(message) {
  return Boolean(message.expires_at) && Date.parse(message.expires_at) <= Date.now();
}

function receipt(messageId, channel, outcome, account) {
  const now = new Date().toISOString();
  const number = NUMBERS[outcome.state];
  return {
    id: `${messageId}/${outcome.state}`,
    type: 'receipt',
    schema_version: 1,
    source: 'consumers',
    aggregate_id: messageId,
    aggregate_version: number,
    number,
    at: now,
    recorded_at: now,
    correlation_id: null,
    causation_id: null,
    actor: null,
    replay_until: null,
    data: {
      message_id: messageId,
      channel,
      state: outcome.state,
      detail: outcome.detail || null,
      consumer: account,
      gateway_id: null,
      parts: null,
    },
  };
}

module.exports = { read, receipt, expired, Unreadable };
