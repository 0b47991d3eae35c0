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
import { noSymbols, staleReference } from '../engine/errors/dap.ts';
import { BreakpointTable } from './breakpointTable.ts';
import { Handles } from './handles.ts';
import { LoadedFiles } from './loadedFiles.ts';
import type { LaunchConfiguration } from './launchConfiguration.ts';
import { SourcePaths } from './sourcePaths.ts';
import type { Container } from './variableViews.ts';

/**
 * The session as the protocol sees it: with its symbols, and with what the client can ask about at this stop. Frames
 * and values belong to a stop; `forget` drops them when the machine moves.
 */
export interface ShownFrame {
  id: number;
  /** Whose stack it is on. */
  hart: number;
  frame: Frame;
  /** The file whose code runs in it; undefined without symbols. */
  symbols: Symbols | undefined;
  /** Function and line. Several shown frames share a frame of the machine where functions were inlined. */
  source: SourceFrame;
}

export type FrameWithSymbols = ShownFrame & { symbols: Symbols };

/** What the debugger wrote: bytes of memory, or a register. */
export type Written = { address: bigint; lengthBytes: number } | undefined;

const FRAMES_MAX = 1000;

export class Debuggee {
  readonly session: Session;
  /** The files with symbols, those of the same code together. */
  readonly groups: readonly CodeGroup[];
  readonly symbols: readonly Symbols[];
  readonly configuration: LaunchConfiguration;
  readonly sources: SourcePaths;
  readonly breakpoints: BreakpointTable;
  /** What is typed to a live machine. */
  readonly keys: ConsoleInput | undefined;
  /** Whoever runs it. */
  isRunning = false;
  readonly containers = new Handles<Container>();
  private frameHandles = new Handles<ShownFrame>();
  /** By hart. */
  private stacks = new Map<number, readonly ShownFrame[]>();
  private loaded: LoadedFiles;
  private written: Written[] = [];

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

  /** The file whose code stands in memory at `pc` and that knows most about it; some other for its types where none does. */
  symbolsAt(pc: bigint): Symbols | undefined {
    return this.describing(pc)?.at(pc) ?? this.fallback;
  }

  /** The same, and none where none does. */
  loadedAt(pc: bigint): Symbols | undefined {
    return this.loaded.at(pc)?.at(pc);
  }

  /** Whether what stands at `pc` is that program's code, for whoever asks while the machine runs. */
  readonly isLoadedNow = (group: CodeGroup, pc: bigint): boolean =>
    new LoadedFiles(this.groups, this.session.inspector).isLoaded(group, pc);

  /** Where no file's code stands, what was booted there: kernels free the code that they began with. */
  private describing(pc: bigint): CodeGroup | undefined {
    return this.loaded.at(pc) ?? this.groups.find((group) => group.isBooted && group.codeAround(pc, 1));
  }

  /** For names and types where the code that runs has none. */
  private get fallback(): Symbols | undefined {
    const booted = this.groups.filter(({ isBooted }) => isBooted).flatMap(({ files }) => files);
    return booted.find(hasDebugInfo) ?? this.symbols.find(hasDebugInfo) ?? this.symbols[0];
  }

  /** Undefined where steps can only be by instruction. */
  sourceSteps(): SourceSteps | undefined {
    const symbols = this.symbolsAt(this.session.inspector.pc);
    return symbols && new SourceSteps(this.session, symbols);
  }

  /** The machine now; `memory` may say otherwise about some bytes. */
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

  /** The hart whose step is next. */
  get currentHart(): number {
    return this.session.timeline.machine.currentHart;
  }

  get hartCount(): number {
    return this.session.timeline.machine.harts.count;
  }

  /** To look at a hart; at the current one without a number. */
  inspectorOf(hart = this.currentHart): Inspector {
    const { inspector, timeline } = this.session;
    return hart === this.currentHart ? inspector : new Inspector(timeline.machine, hart);
  }

  /** From the newest. Unwound once a stop. */
  callStack(hart = this.currentHart): readonly ShownFrame[] {
    const frames = this.stacks.get(hart) ?? this.unwind(hart);
    this.stacks.set(hart, frames);
    return frames;
  }

  /** By the id that `stackTrace` gave; the newest without one. */
  frame(id?: number): ShownFrame {
    const shown = id === undefined ? this.callStack()[0] : this.frameHandles.get(id);
    if (!shown) throw staleReference('frame');
    return shown;
  }

  /** The same, for what only symbols can answer. */
  frameWithSymbols(id?: number): FrameWithSymbols {
    const shown = this.frame(id);
    if (!shown.symbols) throw noSymbols();
    return { ...shown, symbols: shown.symbols };
  }

  /** The debugger wrote something: the stack may be another, but what the client holds can still be asked for. */
  changed(written?: Written): void {
    this.stacks.clear();
    this.loaded.forget();
    this.written.push(written);
  }

  /** What was written since it was asked last. */
  takeWritten(): Written[] {
    return this.written.splice(0);
  }

  /** The machine is about to move. */
  forget(): void {
    this.stacks.clear();
    this.loaded.forget();
    this.frameHandles.clear();
    this.containers.clear();
  }

  private unwind(hart: number): ShownFrame[] {
    const frames: ShownFrame[] = [];
    const view = this.view(undefined, hart);
    let frame: Frame | undefined = this.symbolsAt(view.pc)?.newestFrame(view) ?? bareFrame(view);
    while (frame && frames.length < FRAMES_MAX) {
      const group = this.describing(frame.lookupPc);
      const symbols: Symbols | undefined = group?.at(frame.lookupPc) ?? this.fallback;
      // The fallback may have other code here, whose names would be wrong.
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

/** A frame that nothing is known about but the machine's registers. */
function bareFrame(view: FrameView): Frame {
  const { pc } = view;
  const register = (number: number) => view.readRegister(number);
  return { pc, lookupPc: pc, depth: 0, cfa: undefined, isSignalFrame: false, register, view };
}
