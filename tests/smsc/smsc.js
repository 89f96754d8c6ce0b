'use strict';
// An SMPP gateway to send to: npm's smpp serves, this says what its subscribers do. Its count is the file of JSON lines:
// an SMS stands there, on the disk, before it is answered. Over HTTP it is told how to behave, and what phones send.
//
//   node smsc.js SMPP_PORT HTTP_PORT FILE [CERT KEY]      with a certificate it speaks TLS
//   POST /behave {…}   over the behaviour so far        POST /phone {from, to, text | parts, …}   a deliver_sm
//   POST /receipt {at, stat}  of the SMS that was taken as number `at`, with its reference
//   POST /hang_up      every session, without a word    GET  /state    what was seen and what is open

const fs = require('fs');
const http = require('http');
const smpp = require('smpp');

const [smppPort, httpPort, path, cert, key] = process.argv.slice(2);
const file = fs.openSync(path, 'a');
const behaviour = {
  statuses: [],       // the next submit_sm are answered with these, one each
  delay: 0,           // milliseconds before an answer
  silent: 0,          // so many submit_sm are taken and not answered
  refuse: 0,          // so many submit_sm are neither taken nor answered, and the session is cut
  receipts: null,     // 'DELIVRD', 'UNDELIV' … or null for none
  receiptForm: 'tlv', // 'tlv' or 'text'
  receiptIds: 'hex',  // as they were given, or 'decimal'
  binds: ['transceiver', 'transmitter', 'receiver'], // what is allowed
  receiptAfter: 20,   // milliseconds; below 0: before the answer to submit_sm
  rate: 0,            // more a second are throttled
  ids: '',            // before every id
  references: false,  // whether receipts give our reference back
  aside: [],          // SMS to numbers that begin so are answered and not counted: what else comes by
};
const seen = { binds: 0, unbinds: 0, enquiries: 0, throttled: 0, queries: 0, outstanding: 0, most: 0, answered: 0 };
const states = new Map(); // id -> state
const sessions = new Set();
const owed = new Set(); // what was not answered yet
const kept = []; // every submit_sm that was taken by this process, and its id
let last = fs.readFileSync(path, 'utf8').split('\n').length - 1;
let second = [0, 0];

function taken(pdu) {
  const id = behaviour.ids + (++last).toString(16).padStart(8, '0');
  const { message, udh } = pdu.short_message;
  const line = {
    id,
    to: pdu.destination_addr,
    from: pdu.source_addr,
    text: Buffer.isBuffer(message) ? message.toString('latin1') : message,
    udh: udh ? udh.map((element) => element.toString('hex')) : null,
    coding: pdu.data_coding,
    esm_class: pdu.esm_class,
    validity: pdu.validity_period,
    wants_receipt: pdu.registered_delivery,
  };
  fs.writeSync(file, JSON.stringify(line) + '\n');
  fs.fsyncSync(file);
  states.set(id, 'ENROUTE');
  kept.push([pdu, id]);
  return id;
}

function receipt(session, pdu, id) {
  const stat = behaviour.receipts;
  const name = behaviour.receiptIds === 'decimal' ? String(parseInt(id, 16)) : id;
  states.set(id, stat);
  const told = {
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT,
    short_message: `id:${behaviour.receiptForm === 'text' ? name : 'x'} sub:001 dlvrd:001 submit date:2611220900 ` +
      `done date:2611220901 stat:${stat} err:${stat === 'DELIVRD' ? '000' : '011'} text:`,
  };
  if (behaviour.references && pdu.user_message_reference) {
    told.user_message_reference = pdu.user_message_reference;
  }
  if (behaviour.receiptForm === 'tlv') {
    told.receipted_message_id = name;
    told.message_state = STATES.indexOf(stat);
    told.short_message = '';
  }
  deliver(told, session);
}

// What is not answered is sent again in the next session. A transmitter hears nothing: it goes to the receiver.
function deliver(told, to) {
  const session = to && to.hears ? to : hearing();
  owed.add(told);
  if (!sessions.has(session)) return;
  session.deliver_sm({ ...told }, () => {
    seen.answered += 1;
    owed.delete(told);
  });
}

const STATES = ['', 'ENROUTE', 'DELIVRD', 'EXPIRED', 'DELETED', 'UNDELIV', 'ACCEPTD', 'UNKNOWN', 'REJECTD'];

function tooFast() {
  const now = Math.floor(Date.now() / 1000);
  second = second[0] === now ? [now, second[1] + 1] : [now, 1];
  return behaviour.rate > 0 && second[1] > behaviour.rate;
}

function submitted(session, pdu) {
  if ([].concat(behaviour.aside).some((start) => pdu.destination_addr.startsWith(start))) {
    session.send(pdu.response({ message_id: 'aside' }));
    return;
  }
  if (behaviour.refuse > 0) {
    behaviour.refuse -= 1;
    session.destroy();
    return;
  }
  const status = tooFast() ? smpp.ESME_RTHROTTLED : behaviour.statuses.shift() || 0;
  if (status === smpp.ESME_RTHROTTLED) seen.throttled += 1;
  if (status) {
    session.send(pdu.response({ command_status: status }));
    return;
  }
  const id = taken(pdu);
  if (behaviour.silent > 0) {
    behaviour.silent -= 1;
    return;
  }
  seen.outstanding += 1;
  seen.most = Math.max(seen.most, seen.outstanding);
  if (behaviour.receipts && behaviour.receiptAfter < 0) receipt(session, pdu, id);
  setTimeout(() => {
    seen.outstanding -= 1;
    session.send(pdu.response({ message_id: id }));
    if (behaviour.receipts && behaviour.receiptAfter >= 0) {
      setTimeout(() => receipt(session, pdu, id), behaviour.receiptAfter);
    }
  }, behaviour.delay + (behaviour.receipts && behaviour.receiptAfter < 0 ? 300 : 0));
}

const hearing = () => [...sessions].filter((session) => session.hears).pop();

function bind(session, role, pdu) {
  const known = pdu.system_id === 'loopdesk' && pdu.password === 'secret';
  const allowed = behaviour.binds.includes(role);
  seen.binds += known && allowed;
  const status = known ? smpp.ESME_RBINDFAIL : smpp.ESME_RINVPASWD;
  session.send(pdu.response(known && allowed ? {} : { command_status: status }));
  if (!known || !allowed) {
    session.close();
    return;
  }
  session.hears = role !== 'transmitter';
  if (session.hears) [...owed].forEach((told) => deliver(told, session));
}

smpp.createServer(cert ? { cert: fs.readFileSync(cert), key: fs.readFileSync(key) } : {}, (session) => {
  sessions.add(session);
  session.on('close', () => sessions.delete(session));
  session.on('error', () => session.destroy());
  ['transceiver', 'transmitter', 'receiver'].forEach((role) => {
    session.on(`bind_${role}`, (pdu) => bind(session, role, pdu));
  });
  session.on('submit_sm', (pdu) => submitted(session, pdu));
  session.on('enquire_link', (pdu) => { seen.enquiries += 1; session.send(pdu.response()); });
  session.on('unbind', (pdu) => { seen.unbinds += 1; session.send(pdu.response()); session.close(); });
  session.on('query_sm', (pdu) => {
    seen.queries += 1;
    const state = states.get(pdu.message_id);
    session.send(pdu.response(state
      ? { message_id: pdu.message_id, message_state: STATES.indexOf(state) }
      : { command_status: smpp.ESME_RQUERYFAIL }));
  });
}).listen(Number(smppPort), '127.0.0.1');

function phoned({ from, to, text, parts, reference, order, ...more }) {
  const session = hearing();
  (order || Object.keys(parts || [text]).map(Number)).forEach((at) => {
    const message = (parts || [text])[at];
    const udh = parts && Buffer.from([5, 0, 3, reference, parts.length, at + 1]);
    const content = parts ? { udh, message } : message;
    deliver({ source_addr: from, source_addr_ton: 1, destination_addr: to, short_message: content, ...more }, session);
  });
}

function receiptOf({ at, stat }) {
  const session = hearing();
  Object.assign(behaviour, { receipts: stat, references: true });
  receipt(session, ...kept[at]);
  behaviour.receipts = null;
}

const told = {
  '/receipt': receiptOf,
  '/behave': (body) => Object.assign(behaviour, body),
  '/phone': phoned,
  '/hang_up': () => sessions.forEach((session) => session.destroy()),
  '/states': (body) => Object.entries(body).forEach(([id, state]) => states.set(id, state)),
  '/state': () => {},
};

http.createServer((request, response) => {
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    told[request.url](body ? JSON.parse(body) : {});
    response.end(JSON.stringify({ ...seen, sessions: sessions.size, behaviour }));
  });
}).listen(Number(httpPort), '127.0.0.1');
