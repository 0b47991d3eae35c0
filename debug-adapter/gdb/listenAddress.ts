/** The address at which the gdb server listens, as users specify it. */
export type GdbListenAddress =
  /** A port on the loopback interface; 0 lets the system choose one. */
  | { kind: 'port'; port: number }
  /** A Unix domain socket. */
  | { kind: 'unix'; path: string }
  /** stdin and stdout of this process, which gdb started (`target remote | blkreplay ...`). */
  | { kind: 'stdio' };
