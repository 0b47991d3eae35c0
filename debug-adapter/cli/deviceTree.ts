import { deviceTreeOf, recordedDeviceTree, RecordingReader, writeNewFile } from '../engine/index.ts';
import { deviceTreeTargetExists } from '../messages/boot.ts';
import { inert, jsonLine } from '../messages/shown.ts';
import { nodeHost } from '../host/nodeHost.ts';
import type { RecordCommand, ReplayCommand, RunCommand } from './options.ts';
import { messages } from './outputs.ts';
import { deviceTreeWritten } from '../messages/commandOutput.ts';

/**
 * `--dumpdtb FILE`: writes the device tree whose address the guest would receive in `a1`. Does not start the machine.
 */
export function dumpDeviceTree(command: RunCommand | RecordCommand | ReplayCommand, into: string): number {
  const tree = command.kind === 'replay' ? ofRecording(command.rrfile) : deviceTreeOf(nodeHost, command);
  writeNewFile(nodeHost, into, tree, deviceTreeTargetExists);
  const notices = { reason: 'dumpdtb', file: into, lengthBytes: tree.length };
  messages.print(command.json ? `${jsonLine(notices)}\n` : deviceTreeWritten(inert(into)));
  return 0;
}

function ofRecording(rrfile: string): Uint8Array {
  const file = nodeHost.files.open(rrfile, { write: false, create: 'never' });
  try {
    return recordedDeviceTree(nodeHost, new RecordingReader(file, nodeHost.compression));
  } finally {
    file.close();
  }
}
