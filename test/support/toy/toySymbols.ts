import type { Frame, FrameView, FunctionInfo, Symbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { RA, SP, type ToyProgram } from './toyProgram.ts';
import { ToyRam } from './toyRam.ts';

/**
 * The symbols of a toy program. Each label in `functions` begins a function, which ends where the next one begins. A
 * function with a frame saves its return address at offset 8 of the frame, which is 16 bytes long. `frameBytes` is undefined
 * for a function without unwinding information.
 */
export function toySymbols(program: ToyProgram, functions: Record<string, { frameBytes?: number }>): Symbols {
  const end = ToyRam.BASE + BigInt(4 * program.code.length);
  const entries = Object.keys(functions).map((name) => ({ name, low: program.labels[name] }));
  const infos = entries.map(({ name, low }, i) => {
    const high = entries[i + 1]?.low ?? end;
    return {
      name,
      low,
      high,
      ranges: [{ start: low, end: high }],
      line: lineOf(program, low),
    } as unknown as FunctionInfo;
  });
  const file = { path: 'toy.s', name: 'toy.s', compDir: '/' };
  const functionAt = (pc: bigint) =>
    infos.find((info) => info.low <= pc && pc < (info as unknown as { high: bigint }).high);
  const lineAt = (pc: bigint) => {
    const line = lineOf(program, pc);
    if (line === undefined) return undefined;
    let start = pc & ~3n;
    let stop = start + 4n;
    while (lineOf(program, start - 4n) === line && functionAt(start)?.low !== start) start -= 4n;
    while (lineOf(program, stop) === line && functionAt(stop)?.low !== stop) stop += 4n;
    return { file, line, column: undefined, isStatement: true, start, end: stop };
  };
  const frameBytes = (pc: bigint): number => functions[functionAt(pc)?.name ?? '']?.frameBytes ?? 0;
  /**
   * Whether the function's frame is allocated. The function's first instruction allocates it, and the instruction
   * before `ret` frees it.
   */
  const isAllocated = (pc: bigint): boolean => {
    const isReturn = program.code[Number(pc - ToyRam.BASE) / 4] === 0x8067;
    return frameBytes(pc) > 0 && pc !== functionAt(pc)?.low && !isReturn;
  };
  const hasFrameInfo = (pc: bigint) => {
    const name = functionAt(pc)?.name;
    return name === undefined || functions[name].frameBytes !== undefined;
  };
  const innermostFrame = (view: FrameView): Frame => frameOf(view.pc, 0, (number) => view.readRegister(number), view);
  const frameOf = (
    pc: bigint,
    depth: number,
    register: (number: number) => bigint | undefined,
    view: FrameView,
  ): Frame => ({
    pc,
    lookupPc: depth === 0 ? pc : pc - 1n,
    depth,
    cfa: hasFrameInfo(pc) ? register(SP)! + (isAllocated(pc) ? BigInt(frameBytes(pc)) : 0n) : undefined,
    isSignalFrame: false,
    register,
    view,
  });
  return {
    name: 'toy',
    lineAt,
    functionAt,
    functionsNamed: (name: string) => infos.filter((info) => info.name === name),
    statementRanges: (pc: bigint) => (lineAt(pc) ? [lineAt(pc)!] : []),
    breakpointAddress: ({ low }: FunctionInfo) => low + (frameBytes(low) > 0 ? 8n : 0n),
    inlinedAt: () => [],
    symbolAt: () => undefined,
    innermostFrame,
    callerOf: (frame: Frame) => {
      if (frame.cfa === undefined) return { kind: 'outermost' };
      const saved = frame.view.readMemory(frame.cfa - 8n, 8)!;
      const inMemory = new DataView(saved.buffer, saved.byteOffset).getBigUint64(0, true);
      const isSaved = isAllocated(frame.pc) && frame.pc !== functionAt(frame.pc)!.low + 4n;
      const pc = isSaved ? inMemory : frame.register(RA)!;
      if (!functionAt(pc)) return { kind: 'outermost' };
      const register = (number: number) => (number === SP ? frame.cfa : undefined);
      return { kind: 'caller', frame: frameOf(pc, frame.depth + 1, register, frame.view) };
    },
  } as unknown as Symbols;
}

const lineOf = ({ lines }: ToyProgram, pc: bigint): number | undefined =>
  lines[Math.floor(Number(pc - ToyRam.BASE) / 4)] || undefined;
