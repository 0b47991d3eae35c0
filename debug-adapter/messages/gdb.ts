import { quoted } from './shown.ts';
import { badInput, type UserError } from './userError.ts';

/** Messages of the gdb server, which also reports the errors in `session.ts`. */

export const portInUse = (port: number): UserError =>
  badInput('gdb-port-in-use', { port }, `Port ${port} is in use by another program.`, {
    cli: 'Close that program, or pass another port with --gdb (0 picks a free one).',
    editor: 'Close that program, or set "gdbServer" to another port (0 picks a free one).',
  });

export const editorRuns = (): UserError =>
  badInput('editor-runs', {}, 'The editor is running the machine.', 'Pause it there first.');

export const portNotPermitted = (port: number): UserError =>
  badInput('gdb-port-not-permitted', { port }, `Port ${port} is reserved by the system.`, {
    cli: 'Pass a port of 1024 or higher with --gdb (0 picks a free one).',
    editor: 'Set "gdbServer" to a port of 1024 or higher (0 picks a free one).',
  });

export const csrsAreReadOnly = () =>
  badInput(
    'csr-read-only',
    {},
    'CSRs and the privilege level cannot be written.',
    'Only x1 to x31, pc and memory can be written, and only at the live end.',
  );

export const cannotResumeAt = () =>
  badInput(
    'cannot-resume-at',
    {},
    'The machine can only resume at its current pc.',
    'At the live end, you can set the pc register first.',
  );

export const socketPathTaken = (path: string): UserError =>
  badInput('gdb-socket-path-taken', { path }, `${path} exists and is not a socket from an earlier session.`, {
    cli: 'Pass another path with --gdb unix:PATH.',
    editor: 'Set "gdbServer" to another path.',
  });

export const socketInUse = (path: string): UserError =>
  badInput('gdb-socket-in-use', { path }, `Another program is listening on the socket ${path}.`, {
    cli: 'Close that program, or pass another path with --gdb unix:PATH.',
    editor: 'Close that program, or set "gdbServer" to another path.',
  });

export const socketPathTooLong = (path: string, bytesMax: number): UserError =>
  badInput(
    'gdb-socket-path-too-long',
    { path, bytesMax },
    `The path ${quoted(path)} is too long for a socket: at most ${bytesMax} bytes, including the folder.`,
    { cli: 'Pass a shorter path with --gdb unix:PATH.', editor: 'Set "gdbServer" to a shorter path.' },
  );

/** Reports that a connection was dropped; the session continues. */
export const foreignConnection = (): string =>
  'A connection to the gdb server was dropped: it did not use the gdb remote protocol. A web page can cause this; if it happens again, close the page.';

/** The output of `monitor` commands. Each string ends with a newline, because gdb prints it unchanged. */
export const monitorTexts = {
  help: () => MONITOR_HELP,
  unknown: (command: string) => `Unknown monitor command ${quoted(command)}.\n${MONITOR_HELP}`,
  positionNeeded: () => 'Usage: monitor goto POSITION, for example: monitor goto 1_000_000\n',
  /** gdb caches the registers that it read at the last stop, and the server cannot clear this cache. */
  wentTo: (position: number) => `${position} (now enter: maintenance flush register-cache)\n`,
  noSnapshots: () => 'There are no snapshots.\n',
};

const MONITOR_HELP = `monitor position         print the position: steps since power-on
monitor goto POSITION    go to a recorded position
monitor snapshots        list the snapshots in the overlays
monitor help             print this list
`;
