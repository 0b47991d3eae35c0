import type { BreakpointId, Session } from '../engine/index.ts';

/**
 * The client's breakpoints, which it sets a list at a time: for a source file, for functions, instructions, data. One
 * of them may stand at several addresses, and each of these is one of the session's.
 */
export interface ClientBreakpoint {
  /** The protocol's number. */
  id: number;
  kind: 'breakpoint' | 'function breakpoint' | 'instruction breakpoint' | 'data breakpoint';
  /** Of a data breakpoint. */
  data?: WatchedData;
}

export interface WatchedData {
  address: bigint;
  lengthBytes: number;
  /** The expression it was made from. */
  label: string;
  /** Its C type. */
  type: string;
}

export class BreakpointTable {
  private session: Session;
  private lists = new Map<string, BreakpointId[]>();
  private byId = new Map<BreakpointId, ClientBreakpoint>();

  constructor(session: Session) {
    this.session = session;
  }

  /** Before a list is set anew. */
  clear(list: string): void {
    for (const id of this.lists.get(list) ?? []) {
      this.session.removeBreakpoint(id);
      this.byId.delete(id);
    }
    this.lists.set(list, []);
  }

  add(list: string, id: BreakpointId, breakpoint: ClientBreakpoint): void {
    this.lists.get(list)!.push(id);
    this.byId.set(id, breakpoint);
  }

  get(id: BreakpointId): ClientBreakpoint | undefined {
    return this.byId.get(id);
  }
}
