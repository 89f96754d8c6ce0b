'use strict';
// What this consumer remembers, so that nobody is told twice: a file of JSON lines, each on the disk before it counts.

const fs = require('node:fs');

const CLAIMED = 'claimed';
const RELEASED = 'released';

class Store {
  constructor(file) {
    const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : [''];
    const torn = lines.pop(); // what a crash cut off in the middle never counted
    this.known = new Map(lines.filter(Boolean).map((line) => JSON.parse(line)).map((row) => [row.id, row]));
    this.file = fs.openSync(file, 'a', 0o600);
    if (torn) fs.ftruncateSync(this.file, fs.fstatSync(this.file).size - Buffer.byteLength(torn));
  }

  // What is known of a message that was claimed before; null where this process may send it now.
  claim(id) {
    const row = this.known.get(id);
    if (row && row.state !== RELEASED) return row;
    this.write({ id, state: CLAIMED });
    return null;
  }

  settle(id, outcome) {
    this.write({ id, ...outcome });
  }

  release(id) {
    this.write({ id, state: RELEASED });
  }

  write(row) {
    fs.writeSync(this.file, JSON.stringify({ ...row, at: new Date().toISOString() }) + '\n');
    fs.fsyncSync(this.file);
    this.known.set(row.id, row);
  }
}

module.exports = { Store, CLAIMED };
