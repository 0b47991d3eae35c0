import type { Position } from '../base/quantities.ts';
import { xxh3 } from '../base/xxh3.ts';
import { xxh64 } from '../base/xxhash64.ts';
import type { BlockCompletion, BlockRequest } from '../block/blockRequest.ts';
import type { Inputs, InputStatus, OutsideEvent } from '../machine/inputs.ts';
import type { QueryPort } from '../machine/ports/inputPort.ts';
import { XXH3_VERSION } from './chunk.ts';
import { Divergences } from './divergences.ts';
import { EVENT_KINDS } from './logEntry.ts';
import type {
  AnswerEntry,
  BlockEntry,
  DigestEntry,
  DigestPart,
  EndEntry,
  EventEntry,
  LogEntry,
  LogEntryKind,
} from './logEntry.ts';
import type { RecordingReader } from './recordingReader.ts';

/**
 * The inputs of a replaying machine. The player delivers the recorded events at their positions and compares the
 * machine's actions with the recording. When it finds a difference, it throws a UserError of kind `divergence` that
 * contains the position, what was expected, what happened, and a possible cause. The session must not run the machine
 * beyond `lastPosition`, must stop at each `nextDigestPosition` to call `checkDigest`, and must call `seek` after it
 * restores a snapshot.
 */
export class Player implements Inputs {
  private readonly recording: RecordingReader;
  private readonly divergences: Divergences;
  private inputs: Cursor<EventEntry>;
  private block: Cursor<BlockEntry>;
  private digests: Cursor<DigestEntry>;
  private answers: Cursor<AnswerEntry>;

  constructor(recording: RecordingReader) {
    this.recording = recording;
    this.divergences = new Divergences(recording);
    this.inputs = this.inputsFrom(0);
    this.block = this.blockFrom(0);
    this.digests = this.digestsFrom(0);
    this.answers = this.answersFrom(0);
  }

  get lastPosition(): Position {
    return this.recording.lastPosition;
  }

  /** How the recorded run ended; undefined if the recording is incomplete. */
  get end(): EndEntry | undefined {
    return this.recording.end;
  }

  /** The next position for which a digest is recorded; Infinity if there is none. */
  get nextDigestPosition(): Position {
    return this.digests.position;
  }

  /** Skips the digests at positions up to and including `position`, because they are known to match. */
  skipDigests(position: Position): void {
    while (this.nextDigestPosition <= position) this.digests.advance();
  }

  /**
   * Makes the player continue at `position`. Called after a snapshot has been restored. `nextRequestIds` contains the
   * id of each drive's next request. Requests at `position` with lower ids are already part of the restored state, so
   * they are not expected again. Seeking is cheap: it decodes only one chunk.
   */
  seek(position: Position, nextRequestIds?: Readonly<Record<string, number>>): void {
    this.inputs = this.inputsFrom(position);
    this.block = this.blockFrom(position);
    this.digests = this.digestsFrom(position);
    this.answers = this.answersFrom(position);
    for (let head = this.block.head; nextRequestIds && head?.position === position; head = this.block.head) {
      if (head.kind !== 'blockRequest' || head.id >= (nextRequestIds[head.drive] ?? 0)) break;
      this.block.advance();
    }
  }

  nextPosition(status: InputStatus): Position {
    this.checkNothingMissed(status.position);
    return this.inputs.position;
  }

  answer<Query>(position: Position, port: QueryPort<Query, unknown>, query: Query): Uint8Array {
    const { head } = this.answers;
    const isExpected = head?.position === position && head.port === port.number;
    if (!isExpected || !port.answers.isPossible(port.answers.decode(head.payload), query)) {
      throw this.divergences.checkAnswer(head, { position, port });
    }
    this.answers.advance();
    return head.payload;
  }

  takeEvent(status: InputStatus): OutsideEvent | undefined {
    this.checkNothingMissed(status.position);
    if (this.inputs.position !== status.position) return undefined;
    const head = this.inputs.head!;
    if (head.kind === 'clockJump' && !status.idle) throw this.divergences.notIdleError(head);
    this.inputs.advance();
    const { position: _, ...event } = head;
    return event;
  }

  digestOf(data: Uint8Array): bigint {
    return this.recording.header.formatVersion < XXH3_VERSION ? xxh64(data) : xxh3(data);
  }

  blockRequest(request: BlockRequest): void {
    const expected = this.block.head;
    const difference = this.divergences.checkRequest(expected, request);
    if (difference) throw difference;
    this.block.advance();
  }

  blockCompletion(completion: BlockCompletion): void {
    const expected = this.block.head;
    const difference = this.divergences.checkCompletion(expected, completion);
    if (difference) throw difference;
    this.block.advance();
  }

  /**
   * Compares the state after exactly `position` steps with the recorded digest. Returns false if no digest is recorded
   * at this position.
   */
  checkDigest(position: Position, parts: readonly DigestPart[]): boolean {
    this.checkNothingMissed(position);
    while (this.nextDigestPosition < position) this.digests.advance();
    const head = this.digests.head;
    if (head?.position !== position) return false;
    const difference = this.divergences.checkDigest(head, parts);
    if (difference) throw difference;
    this.digests.advance();
    return true;
  }

  /**
   * Called when the machine powers off or halts forever after `position` steps. Throws if the recorded run continued at
   * this position or ended differently.
   */
  checkEnd(end: Omit<EndEntry, 'kind'>): void {
    this.checkNothingMissed(end.position);
    const difference = this.divergences.checkEnd(this.end, end);
    if (difference) throw difference;
  }

  /**
   * Throws if the machine has passed a recorded entry. In that case, the guest did not make a recorded request or did
   * not consume a recorded event. Called between steps, thousands of times a second, so it only compares positions.
   */
  private checkNothingMissed(position: Position): void {
    const inputs = this.inputs.position;
    const answers = this.answers.position;
    const block = this.block.position;
    if (inputs >= position && answers >= position && block >= position) return;
    const earliest = Math.min(inputs, answers, block);
    const missed = [this.inputs, this.answers, this.block].find((cursor) => cursor.position === earliest);
    throw this.divergences.missedEntry(missed!.head!, position);
  }

  private answersFrom(position: Position): Cursor<AnswerEntry> {
    return new Cursor(this.recording, position, ['answer']);
  }

  private inputsFrom(position: Position): Cursor<EventEntry> {
    return new Cursor(this.recording, position, EVENT_KINDS);
  }

  private blockFrom(position: Position): Cursor<BlockEntry> {
    return new Cursor(this.recording, position, ['blockRequest', 'blockCompletion']);
  }

  private digestsFrom(position: Position): Cursor<DigestEntry> {
    return new Cursor(this.recording, position, ['digest']);
  }
}

/**
 * Iterates over the log entries of the given kinds and keeps the next entry in `head`. Decoding starts at the first
 * access.
 */
class Cursor<E extends LogEntry> {
  private readonly entries: Iterator<LogEntry, void>;
  private currentHead: E | undefined;
  private currentPosition: Position = -1;

  constructor(recording: RecordingReader, from: Position, kinds: readonly E['kind'][] & readonly LogEntryKind[]) {
    this.entries = recording.entriesFrom(from, kinds);
  }

  get head(): E | undefined {
    if (this.currentPosition < 0) this.advance();
    return this.currentHead;
  }

  /** The position of `head`; Infinity after the last entry. */
  get position(): Position {
    if (this.currentPosition < 0) this.advance();
    return this.currentPosition;
  }

  advance(): void {
    const next = this.entries.next();
    this.currentHead = next.done ? undefined : (next.value as E);
    this.currentPosition = this.currentHead?.position ?? Infinity;
  }
}
