import type { GdbServer } from './gdbServer.ts';
import { ASK_AGAIN, PacketReader, type WireEvent } from './packets.ts';

/**
 * Decides which connection is gdb. A connection is nothing until its first packet is there, whole and with the right
 * checksum: until then it takes no place, stops no machine and ends no recording. Bytes that no gdb sends, then or
 * later, drop it, and nothing is done of what came together with them or after them. One gdb is served at a time; who
 * comes while it is there is turned away.
 */
export interface GdbConnection {
  send(bytes: Uint8Array): void;
  /** How much of what was sent the other side has not taken yet. */
  readonly unsentBytes: number;
  /** Resolves when it has taken all, or is gone. */
  drained(): Promise<void>;
  /** What was sent may still arrive. */
  close(): void;
  /** At once. */
  drop(): void;
}

/** What a connection calls. */
export interface GdbConnectionUser {
  /** Nothing more is to be read before what it returns resolves. */
  received(bytes: Uint8Array): Promise<void> | undefined;
  disconnected(): void;
}

export interface AdmissionHost {
  /** Begins to serve a gdb; undefined where there is nothing to debug. */
  begin(connection: GdbConnection): GdbServer | undefined | Promise<GdbServer | undefined>;
  /** The first connection that is no gdb's was dropped. A web page makes many. */
  onFirstForeign(): void;
}

/** So many connections may be there without having said anything; one more drops the oldest of them. */
const SILENT_MAX = 16;

export class Admission {
  private host: AdmissionHost;
  private gdb: Visitor | undefined;
  /** Those that have not shown yet what they are. */
  private silent = new Set<Visitor>();
  private wasForeign = false;
  private previousEnd: Promise<void> = Promise.resolve();

  constructor(host: AdmissionHost) {
    this.host = host;
  }

  connected(connection: GdbConnection): GdbConnectionUser {
    const visitor: Visitor = new Visitor(connection, {
      begin: () => this.begin(connection, visitor),
      admit: (who) => this.admit(who),
      foreign: () => this.foreign(),
      gone: (who) => this.gone(who),
    });
    if (this.gdb) {
      visitor.leave();
      return visitor;
    }
    this.silent.add(visitor);
    const [oldest] = this.silent;
    if (this.silent.size > SILENT_MAX) oldest.leave();
    return visitor;
  }

  /** True for the first; the others go. */
  private admit(visitor: Visitor): boolean {
    if (this.gdb) return false;
    this.gdb = visitor;
    this.silent.delete(visitor);
    for (const other of [...this.silent]) other.leave();
    return true;
  }

  /** The one before may be gone and its run not have ended yet. */
  private async begin(connection: GdbConnection, visitor: Visitor): Promise<GdbServer | undefined> {
    const { previousEnd } = this;
    this.previousEnd = visitor.whenOver;
    await previousEnd;
    return this.host.begin(connection);
  }

  private foreign(): void {
    if (!this.wasForeign) this.host.onFirstForeign();
    this.wasForeign = true;
  }

  private gone(visitor: Visitor): void {
    this.silent.delete(visitor);
    if (this.gdb === visitor) this.gdb = undefined;
  }
}

interface Door {
  begin(): Promise<GdbServer | undefined>;
  admit(visitor: Visitor): boolean;
  foreign(): void;
  /** Its place is free. */
  gone(visitor: Visitor): void;
}

/** One connection on its way from unknown to gdb to gone. */
class Visitor implements GdbConnectionUser {
  private connection: GdbConnection;
  private door: Door;
  private reader = new PacketReader();
  private server: GdbServer | undefined;
  private state: 'unknown' | 'gdb' | 'gone' = 'unknown';
  /** Of one that was gdb: nothing of it runs any more. */
  readonly whenOver: Promise<void>;
  private isOver!: () => void;

  constructor(connection: GdbConnection, door: Door) {
    this.connection = connection;
    this.door = door;
    this.whenOver = new Promise((resolve) => (this.isOver = resolve));
  }

  received(bytes: Uint8Array): Promise<void> | undefined {
    if (this.isGone) return undefined;
    const events = this.reader.read(bytes);
    if (events.at(-1)?.kind === 'foreign') return this.refuse();
    return this.state === 'gdb' ? this.server?.take(events) : this.firstWords(events);
  }

  disconnected(): void {
    this.end((server) => server.disconnected());
  }

  /** Without a word: there is nothing wrong with it. */
  leave(): void {
    this.connection.drop();
    this.disconnected();
  }

  private refuse(): undefined {
    this.connection.drop();
    this.door.foreign();
    this.end((server) => server.disconnected('dropped'));
  }

  private end(tell: (server: GdbServer) => void): void {
    this.state = 'gone';
    if (this.server) tell(this.server);
    this.door.gone(this);
  }

  /** Nothing in front of the first packet means anything, but one that came damaged is to come again. */
  private firstWords(events: readonly WireEvent[]): Promise<void> | undefined {
    const first = events.findIndex(({ kind }) => kind === 'packet');
    const before = first < 0 ? events : events.slice(0, first);
    for (const { kind } of before) if (kind === 'damaged') this.connection.send(ASK_AGAIN);
    return first < 0 ? this.connection.drained() : this.enter(events.slice(first));
  }

  private async enter(events: readonly WireEvent[]): Promise<void> {
    if (!this.door.admit(this)) return this.leave();
    this.state = 'gdb';
    const server = await this.door.begin();
    if (!server) {
      this.isOver();
      return this.leave();
    }
    this.server = server;
    void server.over.catch(() => {}).then(() => this.over());
    if (this.isGone) return server.disconnected();
    return server.take(events);
  }

  /** It changes while this waits. */
  private get isGone(): boolean {
    return this.state === 'gone';
  }

  private over(): void {
    if (!this.isGone) this.connection.close();
    this.state = 'gone';
    this.door.gone(this);
    this.isOver();
  }
}
