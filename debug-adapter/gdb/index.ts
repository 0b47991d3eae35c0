/** What the command line and the debug adapter use of the gdb server. */
export { type GdbHost, GdbServer, type Leaving } from './gdbServer.ts';
