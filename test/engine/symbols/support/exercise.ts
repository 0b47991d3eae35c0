import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import {
  groupByCode,
  type FindCompanion,
  openSymbols,
  type FrameView,
  type Symbols,
  type Value,
} from '../../../../debug-adapter/engine/symbols/index.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { callStackOf } from '../../../../debug-adapter/engine/session/callStack.ts';
import { LoadedSymbols } from '../../../../debug-adapter/engine/session/loadedSymbols.ts';
import type { Inspector } from '../../../../debug-adapter/engine/target/inspector.ts';
import { nodeCompression } from '../../../../debug-adapter/host/compression.ts';

/** The functions, types and file that queries look up by name, and the expressions that they evaluate in frames. */
export interface QueriedNames {
  functions: readonly string[];
  types: readonly string[];
  file: string;
  expressions: readonly string[];
}

/** The names for queries on the demo. */
const DEMO_NAMES: QueriedNames = {
  functions: ['main', 'store_put', 'nothing'],
  types: ['struct store'],
  file: 'store.c',
  expressions: ['store->superblock', 'argc + 1', '(struct store *)$sp', 'sizeof(struct store)', '*main'],
};

/** The names for queries on the programs in fixtures/languages. */
export const LANGUAGE_NAMES: QueriedNames = {
  functions: ['main', 'structures', 'Box::area', 'area', 'operator+', 'enums::slices', 'geometry::Point::sum', 'sum'],
  types: ['struct tree', 'grid_t', 'geometry::Point', 'Diamond', 'Array<long, 3>', 'enums::Shape', 'u8', 'nothing'],
  file: 'second.c',
  expressions: [
    ...[
      'tree->fields',
      'lengths[1]',
      'square',
      'sizeof(struct tree)',
      'complex_value',
      'quad + 1',
      '*(struct tree *)$sp',
    ],
    ...['this', '*this', 'box.width_', 'diamond', 'geometry::scale', 'method', 'adder', '(Shape *)$sp'],
    ...['shapes', 'result', 'tuple.1', 'area', 'self', '*main', 'words', '$fa0'],
  ],
};

/**
 * Runs every query that a session could run on a file, at several positions. With a damaged file, only UserErrors may
 * be thrown. Returns the number of results that are not empty, and the number of reads of registers and memory.
 */
export function queryEverything(
  bytes: Uint8Array,
  pcs: bigint[],
  random: SeededRandom,
  { names = DEMO_NAMES, findCompanion }: { names?: QueriedNames; findCompanion?: FindCompanion } = {},
): { answers: number; reads: number } {
  let symbols: Symbols;
  try {
    symbols = openSymbols({ name: 'fuzzed.elf', bytes, compression: nodeCompression, findCompanion });
  } catch (error) {
    if (error instanceof UserError) return { answers: 0, reads: 0 };
    throw error;
  }
  let answers = 0;
  let reads = 0;
  const onRead = () => void reads++;
  const count = (answer: unknown) => {
    if (answer !== undefined && !(Array.isArray(answer) && answer.length === 0)) answers++;
  };
  for (const name of names.functions) {
    for (const found of symbols.functionsNamed(name)) count(symbols.breakpointAddress(found));
    count(symbols.functionBreakpoints(name));
  }
  for (const pc of pcs) askAt(symbols, { pc, names, random, onRead }, count);
  const [file] = symbols.files();
  count(symbols.addressesOfLine(file?.path ?? 'main.c', random.below(100)));
  count(symbols.breakpointLines(names.file));
  for (const name of names.types) count(symbols.typeNamed(name));
  return { answers, reads };
}

function askAt(
  symbols: Symbols,
  { pc, names, random, onRead }: { pc: bigint; names: QueriedNames; random: SeededRandom; onRead: () => void },
  count: (answer: unknown) => void,
): void {
  count(symbols.lineAt(pc));
  count(symbols.statementRanges(pc));
  count(symbols.functionAt(pc));
  count(symbols.inlinedAt(pc));
  count(symbols.symbolAt(pc));
  const view: FrameView = {
    pc,
    readRegister: (number) => {
      onRead();
      return number < 64 || number > 4095 ? BigInt(0x80000000 + random.below(0x10000)) : undefined;
    },
    readMemory: (address, length) => {
      onRead();
      return address >= 0x80000000n && address < 0x90000000n ? random.bytes(length) : undefined;
    },
  };
  const inspector = inspectorOf(view);
  const groups = groupByCode([{ symbols, isBooted: true }]);
  count(callStackOf(inspector, new LoadedSymbols(groups, inspector)));
  const { frames } = symbols.callStack(view, 20);
  const frame = frames[frames.length - 1] ?? symbols.innermostFrame(view);
  for (const { variables } of symbols.scopesAt(frame.lookupPc)) {
    for (const variable of variables) look(symbols.read(variable, frame), 3, count);
  }
  for (const variable of symbols.globals(pc).slice(0, 20)) look(symbols.read(variable, frame), 2, count);
  for (const text of names.expressions) {
    try {
      const evaluation = symbols.evaluate(text, frame);
      if (evaluation.kind === 'value') look(evaluation.value, 2, count);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
}

/** Returns an inspector for the state in a frame view. Reading unreadable memory returns no bytes. */
function inspectorOf(view: FrameView): Inspector {
  return {
    ...{ hart: 0, pc: view.pc, privilege: 3, csrs: [] },
    register: (index) => view.readRegister(index) ?? 0n,
    float: () => 0n,
    csr: () => 0n,
    readMemory: (address, length) => view.readMemory(address, length) ?? new Uint8Array(),
    translate: () => undefined,
    readPhysical: () => undefined,
    isRam: () => true,
  };
}

function look(value: Value, depth: number, count: (answer: unknown) => void): void {
  count([value.typeName, value.text, value.sizeBytes, value.location, value.lvalue, value.memoryReference]);
  count(value.childCount);
  if (depth > 0) for (const child of value.children().slice(0, 10)) look(child, depth - 1, count);
}
