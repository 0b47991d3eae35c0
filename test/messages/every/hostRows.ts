import fs from 'node:fs';
import { type TestContext } from 'node:test';
import { lockFiles } from '../../../debug-adapter/host/fileLock.ts';
import type { Sandbox } from '../../support/cli.ts';
import type { Fault } from './commands.ts';
import { cli, DEMO, onRecording, TIMER } from './cli.ts';
import type { Row } from './rows.ts';

const MIB = 1 << 20;
/** Part of the temporary name that a file has while it is being created. */
const CREATED = '[.]blkreplay-';
/** Records `a.rr` while a call to the host fails. */
const recording = (fault: Fault, status = 2) => cli(`record ${TIMER} --rng-seed none`, { fault, status });
const opening = (code: string, file = 'timer.elf') => ({ call: 'openSync', file, code });

/** Makes /proc/locks list the lock that QEMU holds on an image to which it writes. */
function qemuLock(sandbox: Sandbox, name: string): Fault {
  const { dev, ino } = fs.statSync(sandbox.path(name), { bigint: true });
  const hex = (value: bigint) => value.toString(16).padStart(2, '0');
  const device = `${hex((dev >> 8n) & 0xfffn)}:${hex((dev & 0xffn) | ((dev >> 12n) & 0xfff00n))}`;
  const text = `1: OFDLCK ADVISORY READ -1 ${device}:${ino} 100 103\n`;
  return { call: 'readFileSync', file: '/proc/locks', text };
}

/** This process locks the overlay as a session does. */
const inSession = async (t: TestContext) => {
  const locks: { release(): void }[] = [];
  t.after(() => locks.forEach((lock) => lock.release()));
  return onRecording(`replay ${DEMO}`, {
    trouble: (sandbox) => {
      locks.push(lockFiles([{ path: sandbox.path('hd0.qcow2'), use: 'writes' }], 'recording a.rr'));
    },
  })(t);
};

/** Files that the operating system does not let blkreplay use. */
export const hostRows: readonly Row[] = [
  {
    message: 'host/fileMissing',
    provoke: cli('info b.rr'),
    cause: /does not exist/,
    where: /^b\.rr /,
    remedy: /Check the name; relative paths are resolved against the current folder/,
  },
  {
    message: 'host/folderMissing',
    provoke: recording(opening('ENOENT', CREATED)),
    cause: /cannot be created: its folder does not exist/,
    where: /^a\.rr(\.qcow2)? /,
    remedy: /Create the folder first/,
  },
  {
    message: 'host/fileExists',
    provoke: recording({ call: 'linkSync', file: '/a[.]rr$', code: 'EEXIST' }),
    cause: /already exists/,
    where: /^a\.rr(\.qcow2)? /,
    remedy: /Choose another name, or pass --overwrite/,
  },
  {
    message: 'host/fileNotPermitted',
    provoke: recording(opening('EACCES')),
    cause: /cannot be opened for reading: permission denied/,
    where: /^timer\.elf /,
    remedy: /Change its permissions, or use another file/,
  },
  {
    message: 'host/brokenLink',
    provoke: cli(`record ${TIMER}`, { trouble: (sandbox) => fs.symlinkSync('gone', sandbox.path('a.rr')) }),
    cause: /is a link to a file that does not exist/,
    where: /^a\.rr /,
    remedy: /Delete the link, or choose another name/,
  },
  {
    message: 'host/fileReadOnlyPlace',
    provoke: recording(opening('EROFS', CREATED)),
    cause: /cannot be written: its file system is read-only/,
    where: /^a\.rr(\.qcow2)? /,
    remedy: /Use another folder/,
  },
  {
    message: 'host/notAFile',
    provoke: cli('run --kernel folder'),
    cause: /is a folder/,
    where: /^folder /,
    remedy: /Use a regular file/,
  },
  {
    message: 'host/notAFolder',
    provoke: cli(`record ${TIMER.replace('a.rr', 'disk.img/a.rr')}`),
    cause: /cannot be created: disk\.img is a file, not a folder/,
    where: /^disk\.img\/a\.rr /,
    remedy: /Choose another folder/,
  },
  {
    message: 'host/badFileName',
    provoke: cli(`run --kernel ${'k'.repeat(300)}`),
    cause: /is not valid on this system/,
    where: /^The path k+…?k+ /,
    remedy: /Use another path/,
  },
  {
    message: 'host/fileInUse',
    provoke: recording(opening('EBUSY')),
    cause: /is in use by another program/,
    where: /^timer\.elf /,
    remedy: /Close that program, or use another file/,
  },
  {
    message: 'host/fileTooLarge',
    provoke: cli('run --kernel timer.elf --dtb bad', {
      trouble: (sandbox) => {
        sandbox.write('bad', '');
        sandbox.cut('bad', 17 * MIB);
      },
    }),
    cause: /is too large: 17825792 bytes; the maximum is/,
    where: /^bad /,
    remedy: /Use another file/,
  },
  {
    message: 'host/interrupted',
    provoke: onRecording('pack a.rr --into a.pack', { isInterrupted: true, status: 130 }),
    cause: /^Interrupted/,
    where: /while using a\.rr/,
    remedy: /Run the command again/,
  },
  {
    message: 'host/tooManyFilesOpen',
    provoke: recording(opening('EMFILE'), 4),
    cause: /the system has too many open files/,
    where: /^timer\.elf /,
    remedy: /Close some programs, then try again/,
  },
  {
    message: 'host/diskFull',
    provoke: recording({ call: 'writeSync', file: CREATED, code: 'ENOSPC' }, 4),
    cause: /the disk is full, or your quota is exceeded/,
    where: /^Writing a\.rr(\.qcow2)? /,
    remedy: /Free some space, or use another disk/,
  },
  {
    message: 'host/ioFailed',
    provoke: recording({ call: 'readSync', file: 'timer.elf', code: 'EIO' }, 4),
    cause: /failed: EIO/,
    where: /^Reading timer\.elf /,
    remedy: /Check the disk, then try again/,
  },
  {
    message: 'host/fileInSession',
    provoke: inSession,
    cause: /is in use by process \d+ \(recording a\.rr\)/,
    where: /^hd0\.qcow2 /,
    remedy: /End that session first/,
  },
  {
    message: 'host/imageInQemu',
    provoke: cli(`record ${DEMO}`, { fault: (sandbox) => qemuLock(sandbox, 'disk.img') }),
    cause: /is open for writing in QEMU/,
    where: /^disk\.img /,
    remedy: /Quit QEMU first, or use a copy of the image/,
  },
  {
    message: 'host/overlayLockUnclear',
    provoke: onRecording('overlay discard hd0.qcow2 --yes', {
      trouble: (sandbox) => void sandbox.write('hd0.qcow2.lock', 'no lock'),
    }),
    cause: /may be in use: its lock file hd0\.qcow2\.lock cannot be read/,
    where: /^hd0\.qcow2 /,
    remedy: /Check that no session is using the file, then delete the lock file/,
  },
  {
    message: 'outOfMemory/memoryNotGiven',
    provoke: recording({ call: 'WebAssembly.Memory', file: '' }, 4),
    cause: /does not have enough free memory/,
    where: /for the machine's RAM \(\d+ bytes\)/,
    remedy: /or pass a smaller --memory/,
  },
];
