import type { EventBreakpoint } from '../../debug-adapter/dap/customProtocol.ts';

/** The adapter's answer to `blkreplay/setEventBreakpoints`; undefined if it refused the request. */
export type SetResponse = { breakpoints: { verified: boolean; message?: string }[] } | undefined;

export type AddResult = { kind: 'added' } | { kind: 'refused'; message?: string };

/**
 * The event breakpoints of each session. The adapter's request replaces all event breakpoints of a session, so the
 * whole list is sent after each change. A list contains only breakpoints that the adapter has accepted.
 */
export class EventBreakpointLists<Session extends { readonly id: string }> {
  private lists = new Map<string, readonly EventBreakpoint[]>();
  private send: (session: Session, breakpoints: EventBreakpoint[]) => Promise<SetResponse>;

  constructor(send: (session: Session, breakpoints: EventBreakpoint[]) => Promise<SetResponse>) {
    this.send = send;
  }

  of(session: Session): readonly EventBreakpoint[] {
    return this.lists.get(session.id) ?? [];
  }

  async add(session: Session, breakpoint: EventBreakpoint): Promise<AddResult> {
    const wanted = [...this.of(session), breakpoint];
    const response = await this.send(session, wanted);
    const answer = response?.breakpoints.at(-1);
    if (!answer?.verified) return { kind: 'refused', message: answer?.message };
    this.lists.set(session.id, wanted);
    return { kind: 'added' };
  }

  async remove(session: Session, breakpoints: readonly EventBreakpoint[]): Promise<void> {
    const wanted = this.of(session).filter((one) => !breakpoints.includes(one));
    if (await this.send(session, wanted)) this.lists.set(session.id, wanted);
  }

  /** Discards the list of a session that has ended. */
  forget({ id }: Session): void {
    this.lists.delete(id);
  }
}
