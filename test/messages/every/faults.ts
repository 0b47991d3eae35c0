// Loaded into the debug adapter by `node --import`. If BLKREPLAY_FAULT is `listen`, servers cannot listen, as on a port
// that the system reserves. Otherwise, it is a regular expression: writes to files with matching names fail, as on a
// full disk, once the file BLKREPLAY_FAULT_MARKER exists.
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';

const { BLKREPLAY_FAULT: fault = '', BLKREPLAY_FAULT_MARKER: marker = '' } = process.env;
const errorOf = (code: string) => Object.assign(new Error(`${code}: injected`), { code });

if (fault === 'listen') {
  net.Server.prototype.listen = function (this: net.Server) {
    process.nextTick(() => this.emit('error', errorOf('EACCES')));
    return this;
  };
} else {
  const write = fs.writeSync as (...args: unknown[]) => number;
  const failing = (handle: number, ...rest: unknown[]) => {
    if (handle > 2 && fs.existsSync(marker) && isOnFullDisk(handle)) throw errorOf('ENOSPC');
    return write(handle, ...rest);
  };
  Object.assign(fs, { writeSync: failing });
}

/** Compares inodes, because a file has a different name while it is being created. */
function isOnFullDisk(handle: number): boolean {
  const { ino } = fs.fstatSync(handle);
  const folder = path.dirname(marker);
  const names = fs.readdirSync(folder).filter((name) => new RegExp(fault).test(name));
  return names.some((name) => fs.statSync(path.join(folder, name)).ino === ino);
}
