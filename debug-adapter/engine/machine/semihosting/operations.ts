import { type HostFileResult, type HostFileQuery, NO_INPUT_YET } from '../ports/hostFilePort.ts';
import type { CallMemory } from './callMemory.ts';
import { ERRNO, type OpenFile, type OpenFiles } from './openFiles.ts';
// Cycle: semihosting.ts passes the boot information to these operations.
import type { SemihostingBoot } from './semihosting.ts';

/** The context that an operation can use. */
export interface CallContext {
  /** The parameter register, usually the address of the argument block. */
  parameter: bigint;
  argument: (index: number) => bigint;
  memory: CallMemory;
  files: OpenFiles;
  boot: SemihostingBoot;
  outside: { hostTime: () => number; hostFile: (question: HostFileQuery) => HostFileResult };
  nanoseconds: () => number;
  lastError: () => number;
  print: (bytes: Uint8Array) => void;
  /** Consumes the console byte for which a read was waiting, if it has arrived. */
  received: () => number | undefined;
  exit: (status: number) => void;
}

/** The call's return value, and the new value for SYS_ERRNO. */
export type CallResult = { value: bigint; error?: number } | typeof WAIT_FOR_CONSOLE;
/** Returned by a call that waits; the call is repeated when a console byte arrives. */
export const WAIT_FOR_CONSOLE = 'waits';

type Operation = (call: CallContext) => CallResult;

/**
 * The implementation of a semihosting operation ("Semihosting for AArch32 and AArch64", chapter 5; 64-bit argument
 * blocks), with the same results as in QEMU. Files are read-only: operations that would modify the host's files fail
 * with an error number.
 */
export function operationOf(number: number): Operation {
  return OPERATIONS.get(number) ?? (() => failed(ENOSYS));
}

const done = (value: bigint | number): CallResult => ({ value: BigInt(value) });
const failed = (error: number): CallResult => ({ value: -1n, error });
/** QEMU's return value for calls whose return value the specification does not define. */
const UNDEFINED = done(0xdead_beef);

// --- files -----------------------------------------------------------------------------------------------------------

function open(call: CallContext): CallResult {
  const [address, mode, length] = [call.argument(0), call.argument(1), call.argument(2)];
  const name = call.memory.string(address, NAME_BYTES_MAX);
  if (!name) return failed(ERRNO.EFAULT);
  if (mode > MODE_MAX) return failed(ERRNO.EINVAL);
  const isRead = mode <= MODE_READ_BINARY;
  const text = new TextDecoder().decode(name);
  if (text === ':tt') return opened(call, { kind: 'console' });
  if (text === ':semihosting-features') {
    if (!isRead) return failed(ERRNO.EACCES);
    return opened(call, { kind: 'features', offset: 0, lengthBytes: FEATURES.length });
  }
  if (BigInt(name.length) !== length) return failed(ERRNO.EINVAL);
  if (!isRead) return failed(ERRNO.EROFS);
  const { error, lengthBytes } = call.outside.hostFile({ kind: 'length', name: text });
  return error ? failed(error) : opened(call, { kind: 'file', name: text, offset: 0, lengthBytes });
}

function opened({ files }: CallContext, file: OpenFile): CallResult {
  const handle = files.add(file);
  return handle === undefined ? failed(ERRNO.EMFILE) : done(handle);
}

const close: Operation = ({ files, argument }) => (files.close(argument(0)) ? done(0) : failed(ERRNO.EBADF));

/** Like SYS_WRITE, returns the number of bytes not transferred and does not set an error number. */
function read(call: CallContext): CallResult {
  const [handle, address, length] = [call.argument(0), call.argument(1), call.argument(2)];
  const file = call.files.get(handle);
  const lengthBytes = Number(length < TRANSFER_BYTES_MAX ? length : TRANSFER_BYTES_MAX);
  if (!file || lengthBytes === 0 || !call.memory.has(address, lengthBytes)) return done(length);
  if (file.kind === 'console') {
    const bytes = consoleInput(call, lengthBytes);
    if (!bytes) return WAIT_FOR_CONSOLE;
    call.memory.write(address, bytes);
    return done(length - BigInt(bytes.length));
  }
  let count = 0;
  while (count < lengthBytes) {
    const bytes = readChunk(call, file, lengthBytes - count);
    if (bytes.length === 0) break;
    call.memory.write(address + BigInt(count), bytes);
    file.offset += bytes.length;
    count += bytes.length;
  }
  return done(length - BigInt(count));
}

/**
 * The available console input: at least one byte and at most `lengthMax` bytes. Undefined while there is no input;
 * empty at the end of input.
 */
function consoleInput({ received, outside }: CallContext, lengthMax: number): Uint8Array | undefined {
  const first = received();
  const most = Math.min(lengthMax, CHUNK_BYTES) - (first === undefined ? 0 : 1);
  const rest = most === 0 ? NOTHING : outside.hostFile({ kind: 'console', lengthBytes: most });
  if (first === undefined) return rest.error === NO_INPUT_YET ? undefined : rest.bytes;
  const bytes = new Uint8Array(1 + rest.bytes.length);
  bytes[0] = first;
  bytes.set(rest.bytes, 1);
  return bytes;
}

const NOTHING = { error: 0, bytes: new Uint8Array() };

/** The next bytes of a file, at most `lengthMax`; empty at the end of the file. */
function readChunk(call: CallContext, file: Exclude<OpenFile, { kind: 'console' }>, lengthMax: number): Uint8Array {
  const { offset } = file;
  if (file.kind === 'features') return FEATURES.subarray(offset, offset + lengthMax);
  const lengthBytes = Math.min(lengthMax, CHUNK_BYTES);
  return call.outside.hostFile({ kind: 'bytes', name: file.name, offset, lengthBytes }).bytes;
}

function write(call: CallContext): CallResult {
  const [handle, address, length] = [call.argument(0), call.argument(1), call.argument(2)];
  const count = Number(length < TRANSFER_BYTES_MAX ? length : TRANSFER_BYTES_MAX);
  if (call.files.get(handle)?.kind !== 'console' || !call.memory.has(address, count)) return done(length);
  call.print(call.memory.read(address, count));
  return done(length - BigInt(count));
}

function isTerminal({ files, argument }: CallContext): CallResult {
  const file = files.get(argument(0));
  if (!file) return failed(ERRNO.EBADF);
  return file.kind === 'console' ? done(1) : { value: 0n, error: ERRNO.ENOTTY };
}

/** A read beyond the end returns nothing. QEMU rejects a seek beyond the end only in `:semihosting-features`. */
function seek({ files, argument }: CallContext): CallResult {
  const [file, offset] = [files.get(argument(0)), BigInt.asIntN(64, argument(1))];
  if (!file) return failed(ERRNO.EBADF);
  if (file.kind === 'console') return failed(ERRNO.ESPIPE);
  const last = file.kind === 'features' ? file.lengthBytes : Number.MAX_SAFE_INTEGER;
  if (offset < 0n || offset > BigInt(last)) return failed(ERRNO.EINVAL);
  file.offset = Number(offset);
  return done(0);
}

function fileLength({ files, argument }: CallContext): CallResult {
  const file = files.get(argument(0));
  if (!file) return failed(ERRNO.EBADF);
  return done(file.kind === 'console' ? 0 : file.lengthBytes);
}

const refused =
  (error: number): Operation =>
  () =>
    failed(error);

// --- console ---------------------------------------------------------------------------------------------------------

const writeByte: Operation = ({ memory, parameter, print }) => {
  if (memory.has(parameter, 1)) print(memory.read(parameter, 1));
  return UNDEFINED;
};

const writeString: Operation = ({ memory, parameter, print }) => {
  const text = memory.string(parameter, Number(TRANSFER_BYTES_MAX));
  if (text) print(text);
  return UNDEFINED;
};

/** At the end of console input, the call waits, as in QEMU, because SYS_READC cannot report the end of input. */
const readByte: Operation = (call) => {
  const byte = consoleInput(call, 1)?.[0];
  return byte === undefined ? WAIT_FOR_CONSOLE : done(byte);
};

// --- time, start and end ---------------------------------------------------------------------------------------------

const commandLine: Operation = ({ argument, memory, boot, parameter }) => {
  const text = new TextEncoder().encode(`${boot.commandLine}\0`);
  if (BigInt(text.length) > argument(1)) return failed(ERRNO.E2BIG);
  memory.write(argument(0), text);
  memory.writeWord(parameter + 8n, BigInt(text.length - 1));
  return done(0);
};

/** The heap grows up from the base and the stack grows down from the limit, as in QEMU. */
const heapInfo: Operation = ({ argument, memory, boot }) => {
  const { base, limit } = boot.heap;
  const block = new BigUint64Array([base, limit, limit, base].map(BigInt));
  memory.write(argument(0), new Uint8Array(block.buffer));
  return done(0);
};

/** Uses the lower eight bits of the exit code, as for a process's exit status. */
const exit: Operation = (call) => {
  const isExit = call.argument(0) === APPLICATION_EXIT;
  call.exit(isExit ? Number(call.argument(1) & 0xffn) : 1);
  return done(0);
};

const elapsed: Operation = ({ memory, parameter, nanoseconds }) => {
  memory.writeWord(parameter, BigInt(nanoseconds()));
  return done(0);
};

const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [0x01, open],
  [0x02, close],
  [0x03, writeByte],
  [0x04, writeString],
  [0x05, write],
  [0x06, read],
  [0x07, readByte],
  [0x08, ({ argument }) => done(BigInt.asIntN(64, argument(0)) < 0n ? 1 : 0)], // SYS_ISERROR
  [0x09, isTerminal],
  [0x0a, seek],
  [0x0c, fileLength],
  [0x0d, refused(ERRNO.EROFS)], // SYS_TMPNAM
  [0x0e, refused(ERRNO.EROFS)], // SYS_REMOVE
  [0x0f, refused(ERRNO.EROFS)], // SYS_RENAME
  [0x10, ({ nanoseconds }) => done(Math.floor(nanoseconds() / 1e7))], // SYS_CLOCK: centiseconds
  [0x11, ({ outside }) => done(Math.floor(outside.hostTime() / 1000))], // SYS_TIME
  [0x12, refused(ERRNO.EPERM)], // SYS_SYSTEM
  [0x13, ({ lastError }) => done(lastError())], // SYS_ERRNO
  [0x15, commandLine],
  [0x16, heapInfo],
  [0x18, exit],
  [0x19, () => done(0)], // SYS_SYNCCACHE: caches are coherent
  [0x20, exit], // SYS_EXIT_EXTENDED
  [0x30, elapsed],
  [0x31, () => done(1_000_000_000)], // SYS_TICKFREQ
]);

/** ENOSYS, as in Linux; its number differs between C libraries. */
const ENOSYS = 38;
/** ADP_Stopped_ApplicationExit. */
const APPLICATION_EXIT = 0x2_0026n;
/** Indexes in the list of fopen's modes: r, rb, r+, ... ab+. */
const MODE_READ_BINARY = 1n;
const MODE_MAX = 11n;
/**
 * The contents of `:semihosting-features`: "SHFB", then the bits for SYS_EXIT_EXTENDED and for separate stdout and
 * stderr.
 */
const FEATURES = Uint8Array.of(0x53, 0x48, 0x46, 0x42, 0x03);
/** The maximum length of a file name, which is Linux's PATH_MAX. */
const NAME_BYTES_MAX = 4096;
/**
 * The maximum number of bytes transferred by one call, so that a step stays short; the guest calls again for the rest.
 */
const TRANSFER_BYTES_MAX = 1n << 20n;
/**
 * The maximum size of one part of a transfer. Each part becomes one entry in the log. The log itself is written in
 * chunks of about the same size.
 */
const CHUNK_BYTES = 64 << 10;
