// Loaded into the debug adapter by `node --require`: once the file in the environment variable exists, every write to
// another file fails as on a full disk.
const fs = require('node:fs');

const { writeSync } = fs;
fs.writeSync = (handle, ...rest) => {
  if (handle > 2 && fs.existsSync(process.env.BLKREPLAY_FULL_DISK)) {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }
  return writeSync(handle, ...rest);
};
