import * as fs from 'node:fs';
import * as path from 'node:path';
import { socketInUse, socketPathTaken, socketPathTooLong } from '../messages/gdb.ts';
import { atProcessEnd } from './processEnd.ts';
import { codeOf, openFailure } from './systemErrors.ts';

// sun_path of sockaddr_un, without the terminating NUL.
const PATH_BYTES_MAX = process.platform === 'darwin' ? 103 : 107;
const MAKING_PREFIX = '.gdb-';
/** The random letters of mkdtemp, and the name in the folder. */
const MAKING_BYTES = `${MAKING_PREFIX}XXXXXX/s`.length;
const OWNER_ONLY = 0o600;

/**
 * Creates a socket at a path, to which only its owner can connect. It replaces nothing but our own socket without a
 * listener (a killed session leaves one). The socket is created in a private folder and linked to its path after its
 * permissions are set, so that nobody can connect earlier, and linking fails if the path exists. `start` starts
 * listening at the path it is given. Returns a function that removes the socket. Throws a UserError.
 */
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

/** Checked before anything is created. */
async function refuseUnlessFree(file: string): Promise<void> {
  const found = inFolder(file, () => fs.lstatSync(file, { throwIfNoEntry: false }));
  if (!found) return;
  if (!found.isSocket() || found.uid !== process.getuid?.()) throw socketPathTaken(file);
  if (await isHeard(file)) throw socketInUse(file);
}

/** Renames the stale socket first; if another session has just put its own there, it is restored. */
async function removeDead(file: string, aside: string): Promise<void> {
  if (!fs.lstatSync(file, { throwIfNoEntry: false })) return;
  await refuseUnlessFree(file);
  fs.renameSync(file, aside);
  if (fs.lstatSync(aside).isSocket() && !(await isHeard(aside))) return;
  fs.linkSync(aside, file);
  throw socketInUse(file);
}

/** Whether a process listens there; when in doubt, yes. */
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

/** Removes the path only while it is still this socket. */
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
      // The socket stays; the next session that wants this path finds it without a listener.
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
