import type { EventBreakpoint } from '../../debug-adapter/dap/customProtocol.ts';

/** The adapter's answer to `blkreplay/setEventBreakpoints`; undefined if it rejected the request. */
export type SetResponse = { breakpoints: { verified: boolean; message?: string }[] } | undefined;

export type AddResult = { kind: 'added' } | { kind: 'refused'; message?: string };

/** Where lists are kept between sessions, such as the workspace's state. */
export interface ListStorage {
  get(key: string): readonly EventBreakpoint[] | undefined;
  set(key: string, breakpoints: readonly EventBreakpoint[]): void;
}

/**
 * The event breakpoints of each configuration. A session uses the list of its configuration, so the breakpoints apply
 * again after a restart and in the next session, as breakpoints in source files do. The request replaces all event
 * breakpoints of a session, so the whole list is sent after each change. A list contains only breakpoints that an
 * adapter has accepted.
 */
export class EventBreakpointLists<Session> {
  private storage: ListStorage;
  private keyOf: (session: Session) => string;
  private send: (session: Session, breakpoints: EventBreakpoint[]) => Promise<SetResponse>;

  constructor(parts: {
    storage: ListStorage;
    /** Identifies the configuration of a session. */
    keyOf: (session: Session) => string;
    send: (session: Session, breakpoints: EventBreakpoint[]) => Promise<SetResponse>;
  }) {
    this.storage = parts.storage;
    this.keyOf = parts.keyOf;
    this.send = parts.send;
  }

  of(session: Session): readonly EventBreakpoint[] {
    return this.storage.get(this.keyOf(session)) ?? [];
  }

  async add(session: Session, breakpoint: EventBreakpoint): Promise<AddResult> {
    const wanted = [...this.of(session), breakpoint];
    const response = await this.send(session, wanted);
    const answer = response?.breakpoints.at(-1);
    if (!answer?.verified) return { kind: 'refused', message: answer?.message };
    this.storage.set(this.keyOf(session), wanted);
    return { kind: 'added' };
  }

  async remove(session: Session, breakpoints: readonly EventBreakpoint[]): Promise<void> {
    const wanted = this.of(session).filter((one) => !breakpoints.includes(one));
    if (await this.send(session, wanted)) this.storage.set(this.keyOf(session), wanted);
  }

  /**
   * Sets a session's breakpoints when it starts. Returns the number of breakpoints that the adapter has accepted.
   * Rejected breakpoints stay in the list, because a later session may have the drive that they refer to.
   */
  async restore(session: Session): Promise<number> {
    const wanted = this.of(session);
    if (wanted.length === 0) return 0;
    const response = await this.send(session, [...wanted]);
    return response?.breakpoints.filter(({ verified }) => verified).length ?? 0;
  }
}
