'use strict';
// A provider that is slow and can be asked what it has: a file of JSON lines. It does not look at ids by itself.

const fs = require('node:fs');
const { setTimeout: pass } = require('node:timers/promises');

class Away extends Error {}

class Gateway {
  constructor(file, milliseconds) {
    this.file = file;
    this.milliseconds = milliseconds;
  }

  // Whether it could send now.
  open() {
    return !fs.existsSync(`${this.file}.away`);
  }

  async send(message) {
    if (!this.open()) throw new Away('away'); // nothing has left
    await pass(this.milliseconds);
    const line = { message_id: message.message_id, to: message.to, text: message.text };
    fs.appendFileSync(this.file, JSON.stringify(line) + '\n', { flush: true });
    await pass(this.milliseconds);
  }

  has(id) {
    if (!fs.existsSync(this.file)) return false;
    return fs.readFileSync(this.file, 'utf8').split('\n').some((line) => line && JSON.parse(line).message_id === id);
  }
}

module.exports = { Gateway, Away };
