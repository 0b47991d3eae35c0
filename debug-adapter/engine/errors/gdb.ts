import { badInput, type UserError } from './userError.ts';

/** What the gdb server tells besides the session's own errors. */

export const portInUse = (port: number): UserError =>
  badInput(
    'gdb-port-in-use',
    `Port ${port} is in use by another program; close it there, or give another port (0 lets the system choose one).`,
  );

export const editorRuns = (): UserError =>
  badInput('editor-runs', 'The editor runs the machine: pause it there first.');

export const portNotPermitted = (port: number): UserError =>
  badInput(
    'gdb-port-not-permitted',
    `Port ${port} is reserved by the system; give one from 1024 on (0 lets the system choose one).`,
  );

export const csrsAreReadOnly = () =>
  badInput(
    'csr-read-only',
    'CSRs and the privilege cannot be written; x1 to x31, pc and memory can, in the present of a live machine.',
  );

export const cannotResumeAt = () =>
  badInput(
    'cannot-resume-at',
    'A run begins where the machine stands: set pc first, in the present of a live machine.',
  );

export const socketPathTaken = (path: string): UserError =>
  badInput(
    'gdb-socket-path-taken',
    `${path} exists and is not a socket that an earlier session left; name another path for gdb's socket.`,
  );

export const socketInUse = (path: string): UserError =>
  badInput(
    'gdb-socket-in-use',
    `Another program listens on the socket ${path}; close it there, or name another path for gdb's socket.`,
  );

export const socketPathTooLong = (path: string, bytesMax: number): UserError =>
  badInput(
    'gdb-socket-path-too-long',
    `The path ${JSON.stringify(shortened(path))} is too long for a socket: ${bytesMax} bytes are the most, with its folder; ` +
      `name a shorter one.`,
  );

/** A connection was dropped, and the session goes on. */
export const foreignConnection = (): string =>
  "A connection to the gdb server sent what is not gdb's protocol (a web page can do that) and was dropped.";

const SHOWN_CHARACTERS = 60;

const shortened = (text: string): string =>
  text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}...`;
