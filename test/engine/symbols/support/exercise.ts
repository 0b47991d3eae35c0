import { UserError } from '../../../../debug-adapter/messages/userError.ts';
import {
  openSymbols,
  type FrameView,
  type Symbols,
  type Value,
} from '../../../../debug-adapter/engine/symbols/index.ts';
import { SeededRandom } from '../../../support/seededRandom.ts';
import { nodeCompression } from '../../../../debug-adapter/host/compression.ts';

/**
 * Runs every query that a session could run on a file, at several positions. With a damaged file, only UserErrors may
 * be thrown. Returns the number of answers that are not empty.
 */
export function queryEverything(bytes: Uint8Array, pcs: bigint[], random: SeededRandom): number {
  let symbols: Symbols;
  try {
    symbols = openSymbols({ name: 'fuzzed.elf', bytes, compression: nodeCompression });
  } catch (error) {
    if (error instanceof UserError) return 0;
    throw error;
  }
  let answers = 0;
  const count = (answer: unknown) => {
    if (answer !== undefined && !(Array.isArray(answer) && answer.length === 0)) answers++;
  };
  for (const name of ['main', 'store_put', 'nothing']) {
    for (const found of symbols.functionsNamed(name)) count(symbols.breakpointAddress(found));
  }
  for (const pc of pcs) askAt(symbols, pc, random, count);
  const [file] = symbols.files();
  count(symbols.addressesOfLine(file?.path ?? 'main.c', random.below(100)));
  count(symbols.breakpointLines('store.c'));
  count(symbols.typeNamed('struct store'));
  return answers;
}

function askAt(symbols: Symbols, pc: bigint, random: SeededRandom, count: (answer: unknown) => void): void {
  count(symbols.lineAt(pc));
  count(symbols.statementRanges(pc));
  count(symbols.functionAt(pc));
  count(symbols.inlinedAt(pc));
  count(symbols.symbolAt(pc));
  const view: FrameView = {
    pc,
    readRegister: (number) => (number < 32 || number > 4095 ? BigInt(0x80000000 + random.below(0x10000)) : undefined),
    readMemory: (address, length) =>
      address >= 0x80000000n && address < 0x90000000n ? random.bytes(length) : undefined,
  };
  const { frames } = symbols.callStack(view, 20);
  const frame = frames[frames.length - 1] ?? symbols.innermostFrame(view);
  for (const { variables } of symbols.scopesAt(frame.lookupPc)) {
    for (const variable of variables) look(symbols.read(variable, frame), 3, count);
  }
  for (const variable of symbols.globals(pc).slice(0, 20)) look(symbols.read(variable, frame), 2, count);
  for (const text of ['store->superblock', 'argc + 1', '(struct store *)$sp', 'sizeof(struct store)', '*main']) {
    try {
      const evaluation = symbols.evaluate(text, frame);
      if (evaluation.kind === 'value') look(evaluation.value, 2, count);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
  }
}

function look(value: Value, depth: number, count: (answer: unknown) => void): void {
  count([value.typeName, value.text, value.sizeBytes, value.location, value.lvalue, value.memoryReference]);
  count(value.childCount);
  if (depth > 0) for (const child of value.children().slice(0, 10)) look(child, depth - 1, count);
}
