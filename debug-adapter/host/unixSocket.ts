import * as fs from 'node:fs';
import * as path from 'node:path';
import { socketInUse, socketPathTaken, socketPathTooLong } from '../engine/errors/gdb.ts';
import { atProcessEnd } from './processEnd.ts';
import { codeOf, openFailure } from './systemErrors.ts';

/**
 * A socket at a path, which its owner alone can connect to, and which replaces nothing but a socket of ours that nobody
 * listens on any more (a killed session leaves one). It is made in a folder that is closed to others and linked to its
 * path when it has its permissions, so that nobody can come before that, and a link fails where something exists.
 */
// sun_path of sockaddr_un, without the zero at its end.
const PATH_BYTES_MAX = process.platform === 'darwin' ? 103 : 107;
const MAKING_PREFIX = '.gdb-';
/** mkdtemp's letters, and the name in the folder. */
const MAKING_BYTES = `${MAKING_PREFIX}XXXXXX/s`.length;
const OWNER_ONLY = 0o600;

/** `start` begins to listen at a path it is given. Returns what removes the socket. Throws a UserError. */
export async function claimSocketPath(file: string, start: (at: string) => Promise<void>): Promise<() => void> {
  const folder = path.dirname(path.resolve(file));
  const longest = Math.max(Buffer.byteLength(file), Buffer.byteLength(folder) + 1 + MAKING_BYTES);
  if (longest > PATH_BYTES_MAX) throw socketPathTooLong(file, PATH_BYTES_MAX);
  await refuseUnlessFree(file);
  const making = inFolder(file, () => fs.mkdtempSync(path.join(folder, MAKING_PREFIX)));
  const made = path.join(making, 's');
  try {
    await start(made);
    fs.chmodSync(made, OWNER_ONLY);
    await removeDead(file, path.join(making, 'dead'));
    fs.linkSync(made, file);
  } catch (error) {
    throw codeOf(error) === 'EEXIST' ? socketPathTaken(file) : failure(error, file);
  } finally {
    fs.rmSync(making, { recursive: true, force: true });
  }
  return removal(file);
}

/** Before anything is made. */
async function refuseUnlessFree(file: string): Promise<void> {
  const found = inFolder(file, () => fs.lstatSync(file, { throwIfNoEntry: false }));
  if (!found) return;
  if (!found.isSocket() || found.uid !== process.getuid?.()) throw socketPathTaken(file);
  if (await isHeard(file)) throw socketInUse(file);
}

/** Moved aside first: should another session have put its own there in this moment, it goes back. */
async function removeDead(file: string, aside: string): Promise<void> {
  if (!fs.lstatSync(file, { throwIfNoEntry: false })) return;
  await refuseUnlessFree(file);
  fs.renameSync(file, aside);
  if (fs.lstatSync(aside).isSocket() && !(await isHeard(aside))) return;
  fs.linkSync(aside, file);
  throw socketInUse(file);
}

/** Whether somebody listens there, as far as can be told. */
async function isHeard(file: string): Promise<boolean> {
  const { createConnection } = await import('node:net');
  return new Promise((resolve) => {
    const socket = createConnection({ path: file });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => resolve(codeOf(error) !== 'ECONNREFUSED'));
  });
}

/** Only as long as it is this socket. */
function removal(file: string): () => void {
  const ours = fs.lstatSync(file);
  const remove = (): void => {
    const found = fs.lstatSync(file, { throwIfNoEntry: false });
    if (found && found.dev === ours.dev && found.ino === ours.ino) fs.rmSync(file, { force: true });
  };
  const forget = atProcessEnd(remove);
  return () => {
    forget();
    try {
      remove();
    } catch {
      // It stays, and the next session that wants its path finds that nobody listens.
    }
  };
}

function inFolder<T>(file: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw failure(error, file);
  }
}

const failure = (error: unknown, file: string) => openFailure(error, { name: file, access: 'write', creating: true });
