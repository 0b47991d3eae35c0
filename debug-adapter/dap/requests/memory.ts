import type { DebugProtocol } from '@vscode/debugprotocol';
import { requestMalformed } from '../../messages/dap.ts';
import type { Arguments } from '../arguments.ts';
import { toBase64 } from '../base64.ts';
import { writeBytes } from './writing.ts';
import type { Debuggee } from '../debuggee.ts';
import { hex } from '../variableViews.ts';
import { expected } from '../../messages/expected.ts';

const BYTES_MAX = 1 << 20;

/** Reads guest memory, up to the first unreadable byte. */
export function readMemory({ session }: Debuggee, args: Arguments): DebugProtocol.ReadMemoryResponse['body'] {
  const count = args.integer('count');
  if (count < 0 || count > BYTES_MAX) {
    throw requestMalformed({
      command: 'readMemory',
      argument: 'count',
      expected: expected.numberBetween(0, BYTES_MAX),
    });
  }
  const address = addressIn(args);
  const bytes = session.inspector.readMemory(address, count);
  const unreadable = count - bytes.length;
  return {
    address: hex(address),
    data: toBase64(bytes),
    ...(unreadable > 0 && { unreadableBytes: unreadable }),
  };
}

/** Writes guest memory at the live end. The write becomes a step of the recording. */
export function writeMemory(debuggee: Debuggee, args: Arguments): DebugProtocol.WriteMemoryResponse['body'] {
  const bytes = args.bytes('data', BYTES_MAX);
  writeBytes(debuggee, addressIn(args), bytes);
  return { bytesWritten: bytes.length };
}

/** The address from `memoryReference` and `offset`. */
export const addressIn = (args: Arguments): bigint =>
  BigInt.asUintN(64, args.address('memoryReference') + BigInt(args.optionalInteger('offset') ?? 0));
