import type { Host } from '../base/host.ts';
import type { Position } from '../base/quantities.ts';
import { UserError } from '../../messages/userError.ts';
import { RecordingReader } from '../recording/recordingReader.ts';

/**
 * The position, in steps, up to which an incomplete recording can be replayed. Reads the file; undefined if it is
 * unreadable.
 */
export function replayablePosition(host: Host, rrfile: string): Position | undefined {
  try {
    const file = host.files.open(rrfile, { write: false, create: 'never' });
    try {
      return new RecordingReader(file, host.compression).lastPosition;
    } finally {
      file.close();
    }
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
