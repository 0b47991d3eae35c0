/** The public interface of the gdb server, for the command line and the debug adapter. */
export { Admission, type GdbConnection, type GdbConnectionHandler } from './admission.ts';
export type { GdbListenAddress } from './listenAddress.ts';
export type { GdbHost, LeaveReason } from './gdbHost.ts';
export { GdbServer } from './gdbServer.ts';
