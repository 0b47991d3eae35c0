/** Where gdb finds the server, as users name it. */
export type GdbPlace =
  /** On loopback; 0 lets the system choose one. */
  | { kind: 'port'; port: number }
  /** A socket in the file system. */
  | { kind: 'unix'; path: string }
  /** Our own stdin and stdout: gdb has started us (`target remote | blkreplay ...`). */
  | { kind: 'stdio' };
