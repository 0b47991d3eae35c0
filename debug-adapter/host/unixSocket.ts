import * as fs from 'node:fs';
import * as path from 'node:path';
import { socketInUse, socketPathTaken, socketPathTooLong } from '../messages/gdb.ts';
import { onProcessExit } from './processEnd.ts';
import { codeOf, openFailure } from './systemErrors.ts';

// The maximum length of a socket's path: the size of `sun_path` in `sockaddr_un`, without the terminating NUL.
const PATH_BYTES_MAX = process.platform === 'darwin' ? 103 : 107;
const PRIVATE_PREFIX = '.gdb-';
/** The length of the private folder's name, including six random letters from mkdtemp, plus the socket's name in it. */
const PRIVATE_BYTES = `${PRIVATE_PREFIX}XXXXXX/s`.length;
const OWNER_ONLY = 0o600;

/**
 * Creates a socket at a path. Only the owner of the socket can connect to it. An existing file is replaced only if it
 * is a socket that the same user owns and on which no process is listening, such as one left by a killed session. The
 * socket is created in a private folder and linked to its path after its permissions are set, so that nobody can
 * connect before that; linking also fails if the path exists. `start` starts listening at the path passed to it.
 * Returns a function that removes the socket. Throws a UserError if the socket cannot be created.
 */
export async function bindSocketPath(file: string, start: (at: string) => Promise<void>): Promise<() => void> {
  const folder = path.dirname(path.resolve(file));
  const longest = Math.max(Buffer.byteLength(file), Buffer.byteLength(folder) + 1 + PRIVATE_BYTES);
  if (longest > PATH_BYTES_MAX) throw socketPathTooLong(file, PATH_BYTES_MAX);
  await checkPathFree(file);
  const privateFolder = wrapErrors(file, () => fs.mkdtempSync(path.join(folder, PRIVATE_PREFIX)));
  const socketPath = path.join(privateFolder, 's');
  try {
    await start(socketPath);
    fs.chmodSync(socketPath, OWNER_ONLY);
    await removeStale(file, path.join(privateFolder, 'dead'));
    fs.linkSync(socketPath, file);
  } catch (error) {
    throw codeOf(error) === 'EEXIST' ? socketPathTaken(file) : failure(error, file);
  } finally {
    fs.rmSync(privateFolder, { recursive: true, force: true });
  }
  return makeRemover(file);
}

/** Throws if the path is in use. Called before anything is created. */
async function checkPathFree(file: string): Promise<void> {
  const stat = wrapErrors(file, () => fs.lstatSync(file, { throwIfNoEntry: false }));
  if (!stat) return;
  if (!stat.isSocket() || stat.uid !== process.getuid?.()) throw socketPathTaken(file);
  if (await hasListener(file)) throw socketInUse(file);
}

/**
 * Removes a socket that no process is listening on. First renames the socket and checks it again; if it turns out to be
 * another session's new socket, it is restored.
 */
async function removeStale(file: string, renamedPath: string): Promise<void> {
  if (!fs.lstatSync(file, { throwIfNoEntry: false })) return;
  await checkPathFree(file);
  fs.renameSync(file, renamedPath);
  if (fs.lstatSync(renamedPath).isSocket() && !(await hasListener(renamedPath))) return;
  fs.linkSync(renamedPath, file);
  throw socketInUse(file);
}

/** Whether a process is listening on the socket; true if in doubt. */
async function hasListener(file: string): Promise<boolean> {
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

/** Returns a function that removes the path, but only if the path still refers to this socket. */
function makeRemover(file: string): () => void {
  const ours = fs.lstatSync(file);
  const remove = (): void => {
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (stat && stat.dev === ours.dev && stat.ino === ours.ino) fs.rmSync(file, { force: true });
  };
  const forget = onProcessExit(remove);
  return () => {
    forget();
    try {
      remove();
    } catch {
      // The socket stays. The next session that uses this path replaces it, because no process is listening on it.
    }
  };
}

function wrapErrors<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw failure(error, file);
  }
}

const failure = (error: unknown, file: string) => openFailure(error, { name: file, access: 'write', creating: true });
