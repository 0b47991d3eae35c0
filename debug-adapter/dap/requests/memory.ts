import type { DebugProtocol } from '@vscode/debugprotocol';
import { requestMalformed } from '../../engine/errors/dap.ts';
import type { Arguments } from '../arguments.ts';
import type { Debuggee } from '../debuggee.ts';
import { hex } from '../variableViews.ts';

const BYTES_MAX = 1 << 20;

/** Memory as the guest sees it now, up to the first byte that cannot be read. */
export function readMemory({ session }: Debuggee, args: Arguments): DebugProtocol.ReadMemoryResponse['body'] {
  const offset = args.optionalInteger('offset') ?? 0;
  const count = args.integer('count');
  if (count < 0 || count > BYTES_MAX) {
    throw requestMalformed({ command: 'readMemory', argument: 'count', expected: `from 0 to ${BYTES_MAX}` });
  }
  const address = BigInt.asUintN(64, args.address('memoryReference') + BigInt(offset));
  const bytes = session.inspector.readMemory(address, count);
  const unreadable = count - bytes.length;
  return {
    address: hex(address),
    data: Buffer.from(bytes).toString('base64'),
    ...(unreadable > 0 && { unreadableBytes: unreadable }),
  };
}
