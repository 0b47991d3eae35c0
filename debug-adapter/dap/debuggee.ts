import {
  type CodeGroup,
  type ConsoleInput,
  type Frame,
  frameViewOf,
  Inspector,
  type FrameView,
  Session,
  type SourceFrame,
  sourceFramesAt,
  SourceSteps,
  type Symbols,
  type Timeline,
  type UnwindResult,
} from '../engine/index.ts';
import { noSymbols, staleReference } from '../messages/dap.ts';
import { BreakpointTable } from './breakpointTable.ts';
import { Handles } from './handles.ts';
import { LoadedFiles } from './loadedFiles.ts';
import type { LaunchConfiguration } from './launchConfiguration.ts';
import { SourcePaths } from './sourcePaths.ts';
import type { Container } from './variableViews.ts';

/** A stack frame as shown to the client. */
export interface ShownFrame {
  id: number;
  /** The hart whose stack contains the frame. */
  hart: number;
  frame: Frame;
  /** The file that describes the frame's code; undefined if there are no symbols. */
  symbols: Symbols | undefined;
  /**
   * The function and line. If functions are inlined, several shown frames belong to the same frame on the guest's
   * stack.
   */
  source: SourceFrame;
}

export type FrameWithSymbols = ShownFrame & { symbols: Symbols };

/** A modification made by the debugger: the range of modified memory; undefined for a register. */
export type GuestWrite = { address: bigint; lengthBytes: number } | undefined;

const FRAMES_MAX = 1000;

/**
 * The session with its symbols and breakpoints, and with the frames and values that the client can request at the
 * current stop. Frames and values are valid for one stop only; `invalidate` discards them before the machine runs.
 */
export class Debuggee {
  readonly session: Session;
  /** The files with symbols, grouped by the code that they describe. */
  readonly groups: readonly CodeGroup[];
  readonly symbols: readonly Symbols[];
  readonly configuration: LaunchConfiguration;
  readonly sources: SourcePaths;
  readonly breakpoints: BreakpointTable;
  /** The queue of console input; undefined in a replay. */
  readonly keys: ConsoleInput | undefined;
  /** Whether the machine is running, started by the editor or by gdb. */
  isRunning = false;
  readonly containers = new Handles<Container>();
  private frameHandles = new Handles<ShownFrame>();
  /** The call stacks, by hart. */
  private stacks = new Map<number, readonly ShownFrame[]>();
  private loaded: LoadedFiles;
  private writes: GuestWrite[] = [];

  constructor(options: {
    timeline: Timeline;
    groups: readonly CodeGroup[];
    configuration: LaunchConfiguration;
    keys?: ConsoleInput;
    exists: (path: string) => boolean;
  }) {
    this.session = new Session(options.timeline);
    this.groups = options.groups;
    this.symbols = options.groups.flatMap(({ files }) => files);
    this.configuration = options.configuration;
    this.keys = options.keys;
    this.sources = new SourcePaths({ exists: options.exists, cwd: options.configuration.cwd });
    this.breakpoints = new BreakpointTable(this.session);
    this.loaded = new LoadedFiles(this.groups, this.session.inspector);
  }

  /**
   * The file with the most information about the code in memory at `pc`. If no file matches, returns a different file,
   * which can still provide types.
   */
  symbolsAt(pc: bigint): Symbols | undefined {
    return this.describingGroup(pc)?.fileAt(pc) ?? this.fallback;
  }

  /** Like `symbolsAt`, but undefined if no file matches. */
  loadedAt(pc: bigint): Symbols | undefined {
    return this.loaded.at(pc)?.fileAt(pc);
  }

  /** Whether the program's code is in memory at `pc`, for breakpoint conditions while the machine is running. */
  readonly isLoadedNow = (group: CodeGroup, pc: bigint): boolean =>
    new LoadedFiles(this.groups, this.session.inspector).isLoaded(group, pc);

  /**
   * If no file matches memory, uses the booted file that has code at `pc`: a kernel frees the memory of its
   * initialization code, which then no longer matches.
   */
  private describingGroup(pc: bigint): CodeGroup | undefined {
    return this.loaded.at(pc) ?? this.groups.find((group) => group.isBooted && group.codeAround(pc, 1));
  }

  /** The file that provides names and types for code without symbols. */
  private get fallback(): Symbols | undefined {
    const booted = this.groups.filter(({ isBooted }) => isBooted).flatMap(({ files }) => files);
    return booted.find(hasDebugInfo) ?? this.symbols.find(hasDebugInfo) ?? this.symbols[0];
  }

  /** Steps by source line; undefined if only instruction steps are possible. */
  sourceSteps(): SourceSteps | undefined {
    const symbols = this.symbolsAt(this.session.inspector.pc);
    return symbols && new SourceSteps(this.session, symbols);
  }

  /** The machine's current state; `memory`, if given, replaces the function that reads memory. */
  view(memory?: FrameView['readMemory'], hart?: number): FrameView {
    const inspector = this.inspectorOf(hart);
    const view = frameViewOf(inspector);
    return {
      ...view,
      readMemory: memory ?? view.readMemory,
      registerNamed: (name) => {
        const csr = inspector.csrs.find((known) => known.name === name);
        return csr && inspector.csr(csr.number);
      },
    };
  }

  /** The hart that executes the next step. */
  get currentHart(): number {
    return this.session.timeline.machine.currentHart;
  }

  get hartCount(): number {
    return this.session.timeline.machine.harts.count;
  }

  /** An inspector that reads the state of a hart, by default the current hart. */
  inspectorOf(hart = this.currentHart): Inspector {
    const { inspector, timeline } = this.session;
    return hart === this.currentHart ? inspector : new Inspector(timeline.machine, hart);
  }

  /** The frames, innermost first. The stack is unwound only once per stop. */
  callStack(hart = this.currentHart): readonly ShownFrame[] {
    const frames = this.stacks.get(hart) ?? this.unwind(hart);
    this.stacks.set(hart, frames);
    return frames;
  }

  /** A frame by the ID from `stackTrace`; without an ID, the innermost frame. */
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
    this.loaded.forget();
    this.writes.push(writes);
  }

  /** The modifications made by the debugger since the last call. */
  takeWrites(): GuestWrite[] {
    return this.writes.splice(0);
  }

  /** Called when a run starts and when it ends: invalidates all frames and values. */
  invalidate(): void {
    this.stacks.clear();
    this.loaded.forget();
    this.frameHandles.clear();
    this.containers.clear();
  }

  private unwind(hart: number): ShownFrame[] {
    const frames: ShownFrame[] = [];
    const view = this.view(undefined, hart);
    let frame: Frame | undefined = this.symbolsAt(view.pc)?.innermostFrame(view) ?? registersOnlyFrame(view);
    while (frame && frames.length < FRAMES_MAX) {
      const group = this.describingGroup(frame.lookupPc);
      const symbols: Symbols | undefined = group?.fileAt(frame.lookupPc) ?? this.fallback;
      // If the fallback file has code at this address, that code is not in memory, so its names would be wrong.
      const named: Symbols | undefined = group || !symbols?.codeAround(frame.lookupPc, 1) ? symbols : undefined;
      for (const source of sourcesOf(frame, named)) frames.push(this.shown({ hart, frame, symbols, source }));
      const caller: UnwindResult | undefined = group ? group.callerOf(frame) : named?.callerOf(frame);
      frame = caller?.kind === 'caller' ? caller.frame : undefined;
    }
    return frames;
  }

  private shown(frame: Omit<ShownFrame, 'id'>): ShownFrame {
    const shown = { ...frame, id: 0 };
    shown.id = this.frameHandles.add(shown);
    return shown;
  }
}

const hasDebugInfo = (symbols: Symbols) => symbols.hasDebugInfo;

function sourcesOf({ lookupPc }: Frame, symbols: Symbols | undefined): SourceFrame[] {
  return symbols ? sourceFramesAt(symbols, lookupPc) : [{ name: undefined, at: undefined, inlineDepth: 0 }];
}

/** A frame with only the machine's registers, for code without symbols. */
function registersOnlyFrame(view: FrameView): Frame {
  const { pc } = view;
  const register = (number: number) => view.readRegister(number);
  return { pc, lookupPc: pc, depth: 0, cfa: undefined, isSignalFrame: false, register, view };
}
