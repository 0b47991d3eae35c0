import type { DebugProtocol } from '@vscode/debugprotocol';
import { baseName, type DisassemblyRow, disassembleAround } from '../../engine/index.ts';
import { requestMalformed } from '../../messages/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
import { hex } from '../variableViews.ts';
import { addressIn } from './memory.ts';
import { expected } from '../../messages/expected.ts';

type Instruction = DebugProtocol.DisassembledInstruction;

const ROWS_MAX = 10_000;

/** Disassembles the instructions currently in memory, with their source lines. */
export function disassemble(debuggee: Debuggee, args: Arguments): DebugProtocol.DisassembleResponse['body'] {
  const count = args.integer('instructionCount');
  const first = args.optionalInteger('instructionOffset') ?? 0;
  if (count < 0 || count > ROWS_MAX) throw malformed('instructionCount', expected.numberBetween(0, ROWS_MAX));
  if (Math.abs(first) > ROWS_MAX) throw malformed('instructionOffset', expected.rows(ROWS_MAX));
  // While the machine runs, VS Code's disassembly view has no address and sends an empty memory reference.
  if (args.text('memoryReference') === '') return { instructions: [] };
  const { inspector } = debuggee.session;
  const rows = disassembleAround(
    {
      inspector,
      functionStart: (address) => debuggee.symbols.matching(address)?.functionAt(address)?.low,
      symbolAt: (address) => symbolAt(debuggee, address),
    },
    { base: addressIn(args), first, count },
  );
  const namesSymbols = args.optionalFlag('resolveSymbols') ?? true;
  let file: string | undefined;
  const instructions = rows.map((row) => {
    const line = lineOf(debuggee, row.address);
    const isNewFile = line !== undefined && line.location.path !== file;
    file = line?.location.path ?? file;
    return {
      ...toDapInstruction(row),
      ...(namesSymbols && row.instruction && { symbol: symbolAt(debuggee, row.address) }),
      ...(line && { line: line.line, column: line.column }),
      ...(isNewFile && { location: line.location }),
    };
  });
  return { instructions };
}

function toDapInstruction({ address, instruction }: DisassemblyRow): Instruction {
  const at = hex(BigInt.asUintN(64, address));
  if (!instruction) return { address: at, instruction: '??', presentationHint: 'invalid' };
  const bytes = Array.from(instruction.bytes, (byte) => byte.toString(16).padStart(2, '0'));
  return { address: at, instructionBytes: bytes.join(' '), instruction: instruction.text };
}

/** Formats an address as `memcpy+4`; undefined if no loaded code has a symbol there. */
function symbolAt(debuggee: Debuggee, address: bigint): string | undefined {
  return debuggee.symbols.matching(address)?.symbolAt(address)?.text;
}

function lineOf(debuggee: Debuggee, address: bigint) {
  const symbols = debuggee.symbols.matching(address);
  const at = symbols?.lineAt(address);
  if (!symbols || !at) return undefined;
  const source = debuggee.sources.resolve(symbols, at.file.path);
  return { location: { name: baseName(source), path: source }, line: at.line, column: at.column ?? 1 };
}

const malformed = (argument: string, expected: string) =>
  requestMalformed({ command: 'disassemble', argument, expected });
