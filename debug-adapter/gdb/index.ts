/** The public interface of the gdb server, for the command line and the debug adapter. */
export { Admission, type GdbConnection, type GdbConnectionUser } from './admission.ts';
export type { GdbPlace } from './gdbPlace.ts';
export { type GdbHost, GdbServer, type Leaving } from './gdbServer.ts';
