import type { Inspector } from '../target/inspector.ts';
import type { Frame, FrameView, Symbols, UnwindResult } from '../symbols/index.ts';
import { frameViewOf } from './frameView.ts';
import type { LoadedSymbols } from './loadedSymbols.ts';
import { type SourceFrame, sourceFramesAt } from './sourceFrames.ts';

/** A frame of a call stack, as shown to the user. */
export interface StackFrame {
  /** The hart whose stack contains the frame. */
  hart: number;
  frame: Frame;
  /** The file that describes the frame's code; undefined if there are no symbols. */
  symbols: Symbols | undefined;
  /**
   * The function and line. If functions are inlined, several stack frames belong to the same frame on the guest's
   * stack.
   */
  source: SourceFrame;
}

const FRAMES_MAX = 1000;

/**
 * The call stack of the inspected hart, innermost frame first. It may contain frames of several programs: each frame
 * uses the symbols that describe the code in memory at its address. Never empty: without symbols, it consists of one
 * frame that contains only the registers. `entered` is the number of inlined functions that contain the breakpoint at
 * which the machine stopped.
 */
export function callStackOf(inspector: Inspector, loaded: LoadedSymbols, entered = 0): StackFrame[] {
  const { hart } = inspector;
  const frames: StackFrame[] = [];
  const view = frameViewOf(inspector);
  let frame: Frame | undefined = loaded.at(view.pc)?.innermostFrame(view) ?? registersOnlyFrame(view);
  while (frame && frames.length < FRAMES_MAX) {
    const { group, symbols, names } = loaded.describe(frame.lookupPc);
    for (const source of sourcesOf(frame, names, frames.length === 0 ? entered : 0))
      frames.push({ hart, frame, symbols, source });
    const caller: UnwindResult | undefined = (group ?? names)?.callerOf(frame);
    frame = caller?.kind === 'caller' ? caller.frame : undefined;
  }
  return frames;
}

function sourcesOf({ lookupPc }: Frame, names: Symbols | undefined, entered: number): SourceFrame[] {
  return names ? sourceFramesAt(names, lookupPc, entered) : [{ name: undefined, at: undefined, inlineDepth: 0 }];
}

/** A frame with only the machine's registers, for code without symbols. */
function registersOnlyFrame(view: FrameView): Frame {
  const { pc } = view;
  const register = (number: number) => view.readRegister(number);
  return { pc, lookupPc: pc, depth: 0, cfa: undefined, isSignalFrame: false, register, view };
}
