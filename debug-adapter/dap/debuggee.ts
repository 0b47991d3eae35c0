import {
  callStackOf,
  enteredAtStop,
  type CodeGroup,
  type ConsoleInput,
  type HostFiles,
  type Inspector,
  LoadedSymbols,
  type Notice,
  RunControl,
  Session,
  SourcePaths,
  SourceSteps,
  type StackFrame,
  type Symbols,
  type Timeline,
  type Value,
} from '../engine/index.ts';
import { noSymbols, staleReference } from '../messages/dap.ts';
import { BreakpointTable } from './breakpointTable.ts';
import type { Failure } from './failure.ts';
import { Handles } from './handles.ts';
import type { LaunchConfiguration } from './launchConfiguration.ts';

/** A stack frame, and the ID by which the client refers to it. */
export type ShownFrame = StackFrame & { id: number };

export type FrameWithSymbols = ShownFrame & { symbols: Symbols };

/** The object that a `variablesReference` refers to. */
export type Container =
  | { kind: 'values'; values: () => Value[]; shown: FrameWithSymbols }
  | { kind: 'registers'; shown: ShownFrame }
  | { kind: 'floats'; hart: number }
  | { kind: 'csrs'; hart: number };

/** A modification made by the debugger: the modified range of memory, or undefined if a register was modified. */
export type GuestWrite = { address: bigint; lengthBytes: number } | undefined;

/**
 * The session with its symbols and breakpoints, and with the frames and values that the client can request at the
 * current stop. Frames and values are valid for one stop only; `invalidate` discards them before the machine runs.
 */
export class Debuggee {
  readonly session: Session<Timeline>;
  readonly symbols: LoadedSymbols;
  readonly configuration: LaunchConfiguration;
  readonly sources: SourcePaths;
  readonly breakpoints: BreakpointTable;
  /** The queue of console input; undefined in a replay. */
  readonly keys: ConsoleInput | undefined;
  /**
   * Which front end is running the machine. The first run is reserved for the editor, which starts it after sending its
   * configuration.
   */
  readonly control = new RunControl({ kind: 'reserved', owner: 'editor' });
  /** The error that ended the last run, if there was one. */
  failure: Failure | undefined;
  readonly containers = new Handles<Container>();
  private frameHandles = new Handles<ShownFrame>();
  /** The call stacks, by hart. */
  private stacks = new Map<number, readonly ShownFrame[]>();
  private writes: GuestWrite[] = [];

  constructor(options: {
    timeline: Timeline;
    groups: readonly CodeGroup[];
    configuration: LaunchConfiguration;
    keys?: ConsoleInput;
    files: HostFiles;
    onNotice?: (notice: Notice) => void;
  }) {
    this.session = new Session(options.timeline);
    this.symbols = new LoadedSymbols(options.groups, this.session.inspector);
    this.configuration = options.configuration;
    this.keys = options.keys;
    const { cwd, sourceMap, rr, rrfile } = options.configuration;
    const { files, onNotice } = options;
    this.sources = new SourcePaths({ files, cwd, sourceMap, rrfile: rr === 'replay' ? rrfile : undefined, onNotice });
    this.breakpoints = new BreakpointTable(this.session);
  }

  /** Steps by source line; undefined if only instruction steps are possible. */
  sourceSteps(): SourceSteps | undefined {
    const symbols = this.symbols.at(this.session.inspector.pc);
    return symbols && new SourceSteps(this.session, symbols);
  }

  /** The hart that executes the next step. */
  get currentHart(): number {
    return this.session.target.harts.current;
  }

  get hartCount(): number {
    return this.session.target.harts.count;
  }

  /** An inspector that reads the state of a hart, by default the current hart. */
  inspectorOf(hart = this.currentHart): Inspector {
    const { inspector, target } = this.session;
    return hart === this.currentHart ? inspector : target.inspect(hart);
  }

  /** The frames, innermost first. The stack is unwound only once per stop. */
  callStack(hart = this.currentHart): readonly ShownFrame[] {
    const frames = this.stacks.get(hart) ?? this.unwind(hart);
    this.stacks.set(hart, frames);
    return frames;
  }

  /** Whether a frame ID is from an earlier stop. */
  isStaleFrame(id: number): boolean {
    return this.frameHandles.isStale(id);
  }

  /** The frame with the given ID from `stackTrace`; without an ID, the innermost frame. */
  frame(id?: number): ShownFrame {
    const shown = id === undefined ? this.callStack()[0] : this.frameHandles.get(id);
    if (!shown) throw staleReference('frame');
    return shown;
  }

  /** Like `frame`, but throws a UserError if the frame has no symbols. */
  frameWithSymbols(id?: number): FrameWithSymbols {
    const shown = this.frame(id);
    if (!shown.symbols) throw noSymbols();
    return { ...shown, symbols: shown.symbols };
  }

  /**
   * Called after the debugger has modified the machine: discards the stacks. The frame IDs that the client has received
   * remain valid.
   */
  changed(writes?: GuestWrite): void {
    this.stacks.clear();
    this.symbols.forget();
    this.writes.push(writes);
  }

  /** The modifications that the debugger has made since the last call. */
  takeWrites(): GuestWrite[] {
    return this.writes.splice(0);
  }

  /** Called when a run starts and when it ends: invalidates all frames and values. */
  invalidate(): void {
    this.failure = undefined;
    this.stacks.clear();
    this.symbols.forget();
    this.frameHandles.clear();
    this.containers.clear();
  }

  private unwind(hart: number): ShownFrame[] {
    const entered = hart === this.currentHart ? enteredAtStop(this.session) : 0;
    return callStackOf(this.inspectorOf(hart), this.symbols, entered).map((frame) => {
      const shown = { ...frame, id: 0 };
      shown.id = this.frameHandles.add(shown);
      return shown;
    });
  }
}
