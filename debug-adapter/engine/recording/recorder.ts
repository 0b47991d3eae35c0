import { xxh3 } from '../base/xxh3.ts';
import type { Position } from '../base/quantities.ts';
import type { BlockCompletion, BlockRequest } from '../block/blockRequest.ts';
import type { Inputs, InputStatus, OutsideEvent } from '../machine/inputs.ts';
import type { QueryPort } from '../machine/ports/inputPort.ts';
import type { DigestPart } from './logEntry.ts';
import type { RecordingWriter } from './recordingWriter.ts';

/**
 * The inputs of a machine that is being recorded. Forwards calls to the live inputs and records the results. Once a
 * disk flush has completed, the guest relies on its earlier writes being durable. The recording is therefore made
 * durable at the next boundary between steps, so that a replay can reach every flush that the guest saw complete. The
 * recorder does not own the writer. The session flushes the recording periodically, because only the session has a
 * clock.
 */
export class Recorder implements Inputs {
  private readonly live: Inputs;
  private readonly writer: RecordingWriter;
  /** The flush requests that have not completed yet, as `drive/id`. */
  private readonly flushes = new Set<string>();
  private flushAtBoundary = false;

  constructor(live: Inputs, writer: RecordingWriter) {
    this.live = live;
    this.writer = writer;
  }

  nextPosition(status: InputStatus): Position {
    this.flushAfterGuestFlush(status.position);
    return this.live.nextPosition(status);
  }

  takeEvent(status: InputStatus): OutsideEvent | undefined {
    this.flushAfterGuestFlush(status.position);
    const event = this.live.takeEvent(status);
    if (event) this.writer.append({ ...event, position: status.position });
    return event;
  }

  answer<Query>(position: Position, port: QueryPort<Query, unknown>, query: Query): Uint8Array {
    const payload = this.live.answer(position, port, query);
    this.writer.append({ kind: 'answer', position, port: port.number, payload });
    return payload;
  }

  digestOf(data: Uint8Array): bigint {
    return xxh3(data);
  }

  blockRequest(request: BlockRequest): void {
    const { id, drive, operation, offset, lengthBytes, position } = request;
    if (operation === 'flush') this.flushes.add(`${drive}/${id}`);
    this.writer.append({ kind: 'blockRequest', id, drive, operation, offset, lengthBytes, position });
    this.live.blockRequest(request);
  }

  blockCompletion(completion: BlockCompletion): void {
    const { id, drive, status, digest, position } = completion;
    if (this.flushes.size > 0 && this.flushes.delete(`${drive}/${id}`)) this.flushAtBoundary = true;
    this.writer.append({ kind: 'blockCompletion', id, drive, status, digest, position });
    this.live.blockCompletion(completion);
  }

  /** Records a write by the debugger. The live inputs do not deliver such events. */
  record(position: Position, event: OutsideEvent): void {
    this.writer.append({ ...event, position });
  }

  /** Records the digest of the state after exactly `position` steps, so that a replay can verify its own state. */
  digest(position: Position, parts: readonly DigestPart[]): void {
    this.writer.append({ kind: 'digest', position, parts: [...parts] });
  }

  /** Records that a snapshot was taken at `position`. */
  recordSnapshot(position: Position, name: string): void {
    this.writer.append({ kind: 'snapshot', position, name });
  }

  private flushAfterGuestFlush(position: Position): void {
    if (!this.flushAtBoundary) return;
    this.flushAtBoundary = false;
    this.writer.flushDurably(position);
  }
}
