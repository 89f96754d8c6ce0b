'use strict';
// A consumer of one channel's messages, written against docs/consumers.md alone.
// node consumer.js: reads AMQP_URI, CHANNEL (sms), STORE and GATEWAY (files), GATEWAY_MS (how long half a send takes).

const amqp = require('amqplib');
const { setTimeout: pass } = require('node:timers/promises');
const { Store, CLAIMED } = require('./store');
const { Gateway, Away } = require('./gateway');
const { read, receipt, expired, Unreadable } = require('./wire');

const LANES = ['urgent', 'normal', 'bulk'];
const PREFETCH = 20; // of each queue
const EXCHANGE = 'consumers.events';
const SHORTEST = 250;
const LONGEST = 30_000;

const say = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));

// Who is gone already needs no farewell, and nobody waits long for one.
const quietly = (closing) => Promise.race([closing.catch(() => {}), pass(5_000, null, { ref: false })]);

// What has been delivered and is not acknowledged; the most urgent goes first.
class Inbox {
  constructor() {
    this.waiting = new Map(LANES.map((lane) => [lane, []]));
    this.wake = () => {};
    this.error = null;
  }

  put(lane, delivery) {
    this.waiting.get(lane).push(delivery);
    this.wake();
  }

  end(error) {
    this.error = this.error || error;
    this.wake();
  }

  async next() {
    for (;;) {
      await pass(0); // what has come meanwhile is looked at first
      if (this.error) throw this.error;
      const lane = LANES.find((name) => this.waiting.get(name).length);
      if (lane) return this.waiting.get(lane).shift();
      await new Promise((resolve) => (this.wake = resolve));
    }
  }
}

class Stopped extends Error {}

class Consumer {
  constructor(uri, channelName, store, gateway) {
    this.uri = uri;
    this.account = decodeURIComponent(new URL(uri).username);
    this.channelName = channelName;
    this.store = store;
    this.gateway = gateway;
    this.stopping = false;
    this.wait = SHORTEST;
    this.inbox = new Inbox();
    this.channel = null;
  }

  stop() {
    this.stopping = true;
    this.inbox.end(new Stopped('told to end'));
  }

  async run() {
    while (!this.stopping) {
      try {
        await this.serve();
      } catch (error) {
        if (error instanceof Stopped) break;
        say('again', { reason: error.message, after: this.wait }); // all that was in hand comes again
        await pass(this.wait);
        this.wait = Math.min(this.wait * 2, LONGEST);
      }
    }
    say('stopped');
  }

  async serve() {
    if (!this.gateway.open()) throw new Away('the gateway is away'); // messages wait in their queues
    const connection = await amqp.connect(this.uri, { heartbeat: 60 });
    try {
      await this.consume(connection);
    } finally {
      // the channel first: what was acknowledged on it is then with the broker, which reads nothing after a close
      if (this.channel) await quietly(this.channel.close());
      await quietly(connection.close());
    }
  }

  async consume(connection) {
    this.inbox = new Inbox();
    const { inbox } = this;
    connection.on('error', (error) => inbox.end(error));
    connection.on('close', () => inbox.end(new Error('the connection is closed')));
    this.channel = await connection.createConfirmChannel();
    this.channel.on('error', (error) => inbox.end(error));
    this.returned = new Set();
    this.channel.on('return', (message) => this.returned.add(message.properties.messageId));
    await this.channel.prefetch(PREFETCH); // of each consumer that begins after it
    for (const lane of LANES) {
      await this.channel.consume(`notify.${this.channelName}.${lane}`, (delivery) => {
        if (delivery === null) inbox.end(new Error('the broker has ended a consumer'));
        else inbox.put(lane, delivery);
      });
    }
    say('ready');
    for (;;) {
      if (this.stopping) throw new Stopped('told to end');
      await this.handle(await inbox.next());
      this.wait = SHORTEST;
    }
  }

  async handle(delivery) {
    let message;
    try {
      message = read(delivery.content);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      const id = delivery.properties.messageId;
      if (id) await this.report(id, { state: 'failed', detail: `unreadable: ${error.message}` });
      this.channel.nack(delivery, false, false);
      return;
    }
    const outcome = await this.once(message);
    await this.report(message.message_id, outcome);
    this.channel.ack(delivery);
    say('message', { message_id: message.message_id, state: outcome.state });
  }

  async once(message) {
    const id = message.message_id;
    const known = this.store.claim(id);
    if (known && known.state !== CLAIMED) return { state: known.state, detail: known.detail };
    const outcome = await this.send(message, known !== null);
    this.store.settle(id, outcome);
    return outcome;
  }

  async send(message, inDoubt) {
    if (inDoubt && this.gateway.has(message.message_id)) return { state: 'sent', detail: 'the gateway had it' };
    if (expired(message)) return { state: 'expired' };
    try {
      await this.gateway.send(message);
    } catch (error) {
      if (error instanceof Away) this.store.release(message.message_id);
      throw error;
    }
    return { state: 'sent' };
  }

  async report(messageId, outcome) {
    const event = receipt(messageId, this.channelName, outcome, this.account);
    const options = {
      mandatory: true,
      contentType: 'application/json',
      contentEncoding: 'utf-8',
      deliveryMode: 2,
      messageId: event.id,
      userId: this.account,
    };
    const body = Buffer.from(JSON.stringify(event));
    await new Promise((resolve, reject) => {
      this.channel.publish(EXCHANGE, 'receipt', body, options, (error) => (error ? reject(error) : resolve()));
    });
    if (this.returned.delete(event.id)) throw new Error('nobody takes receipts');
  }
}

function main() {
  const { AMQP_URI, CHANNEL = 'sms', STORE, GATEWAY, GATEWAY_MS = '0' } = process.env;
  const gateway = new Gateway(GATEWAY, Number(GATEWAY_MS));
  const consumer = new Consumer(AMQP_URI, CHANNEL, new Store(STORE), gateway);
  process.on('SIGTERM', () => consumer.stop());
  consumer.run();
}

main();
