import { assertNever } from '../base/assert.ts';
import type { Position } from '../base/quantities.ts';
import type { BlockCompletion, BlockRequest } from '../block/blockRequest.ts';
import type { QueryPort } from '../machine/ports/inputPort.ts';
import { type DivergenceCode, divergenceCauses, recordingEndsHere, replayDiverged } from '../../messages/recording.ts';
import type { UserError } from '../../messages/userError.ts';
import { FORMAT_VERSION, QEMU_DEVICES_VERSION } from './chunk.ts';
import { loggedOffset } from './entryLayout.ts';
import { digestText, type RecordedDrive } from './header.ts';
import type { AnswerEntry, BlockEntry, DigestEntry, DigestPart, EndEntry, EventEntry } from './logEntry.ts';
import { decodePortEntry } from './portEntries.ts';
import type { RecordingReader } from './recordingReader.ts';
import { atOtherPosition, events, expectations, partOrder } from '../../messages/differences.ts';

/**
 * Compares a replaying machine with the recording and describes the first difference. Each check returns undefined if
 * the machine and the recording agree. A check is cheap; the recording is searched for details only if there is a
 * difference.
 */
export class Divergences {
  private readonly recording: RecordingReader;

  constructor(recording: RecordingReader) {
    this.recording = recording;
  }

  checkRequest(expected: BlockEntry | undefined, came: BlockRequest): UserError | undefined {
    if (expected?.kind === 'blockRequest' && sameRequest(expected, came)) return undefined;
    const { position } = came;
    if (expected === undefined) {
      return this.nothingMoreExpected('divergence-request', position, events.request(came));
    }
    const divergedAt = Math.min(position, expected.position);
    return this.diverged('divergence-request', {
      position: divergedAt,
      expected: this.expectedText(expected, divergedAt),
      came: events.request(came) + atOtherPosition(position, divergedAt),
      cause: this.causeInMachine(),
    });
  }

  checkCompletion(expected: BlockEntry | undefined, came: BlockCompletion): UserError | undefined {
    if (expected?.kind === 'blockCompletion' && sameCompletion(expected, came)) return undefined;
    const { position } = came;
    if (expected === undefined)
      return this.nothingMoreExpected('divergence-request', position, events.completion(completionFields(came)));
    const divergedAt = Math.min(position, expected.position);
    return this.diverged('divergence-completion', {
      position: divergedAt,
      expected: this.expectedText(expected, divergedAt),
      came: events.completion(completionFields(came)) + atOtherPosition(position, divergedAt),
      cause: this.causeOfCompletion(expected, came),
    });
  }

  checkDigest(expected: DigestEntry, came: readonly DigestPart[]): UserError | undefined {
    if (sameParts(expected.parts, came)) return undefined;
    const actual = new Map(came.map((part) => [part.name, part.value]));
    const differing = expected.parts.filter((part) => actual.get(part.name) !== part.value);
    const extra = came.find((part) => !expected.parts.some(({ name }) => name === part.name));
    const name = differing[0]?.name ?? extra?.name ?? partOrder();
    const others = differing.slice(1).map((part) => part.name);
    const drive = /^drive (.*)$/.exec(name)?.[1];
    const files = drive === undefined ? undefined : this.filesOf(drive);
    return this.diverged('divergence-digest', {
      position: expected.position,
      expected: expectations.digest(valueText(differing[0]?.value), name),
      came: events.digest(valueText(actual.get(name)), others),
      cause: files ? divergenceCauses.driveDigest({ drive: files.id, files }) : this.causeInMachine(),
    });
  }

  checkEnd(expected: EndEntry | undefined, came: Omit<EndEntry, 'kind'>): UserError | undefined {
    const { name, lastPosition } = this.recording;
    const { position } = came;
    const same = expected === undefined || (expected.reason === came.reason && expected.guestExit === came.guestExit);
    if (position === lastPosition && same) return undefined;
    if (position > lastPosition && expected === undefined) {
      return recordingEndsHere({ file: name, lastPosition, came: events.machineEnded(came.reason) });
    }
    return this.diverged('divergence-end', {
      position,
      expected:
        position < lastPosition
          ? expectations.runOnTo(lastPosition)
          : (expected ? expectations.end(expected) : expectations.noEnd()) + atOtherPosition(lastPosition, position),
      came: events.end(came),
      cause: this.causeInMachine(),
    });
  }

  /** The difference to report if the machine has reached `position` without consuming the earlier entry `expected`. */
  missedEntry(expected: EventEntry | AnswerEntry | BlockEntry, position: Position): UserError {
    const isBlock = expected.kind === 'blockRequest' || expected.kind === 'blockCompletion';
    const code = !isBlock
      ? 'divergence-input'
      : expected.kind === 'blockRequest'
        ? 'divergence-request'
        : 'divergence-completion';
    return this.diverged(code, {
      position: expected.position,
      expected: this.expectedText(expected, expected.position),
      came: events.reachedWithout(position),
      cause: this.causeInMachine(),
    });
  }

  /** The difference to report if a device makes a query that does not match the next recorded answer. */
  checkAnswer<Query>(
    expected: AnswerEntry | undefined,
    { position, port }: { position: Position; port: QueryPort<Query, unknown> },
  ): UserError {
    const came = events.question(port.answers.requested);
    if (expected === undefined) return this.nothingMoreExpected('divergence-input', position, came);
    const divergedAt = Math.min(position, expected.position);
    return this.diverged('divergence-input', {
      position: divergedAt,
      expected: this.expectedText(expected, divergedAt),
      came: came + atOtherPosition(position, divergedAt),
      cause: this.causeInMachine(),
    });
  }

  notIdleError(expected: EventEntry): UserError {
    return this.diverged('divergence-input', {
      position: expected.position,
      expected: this.expectedText(expected, expected.position),
      came: events.notWaiting(),
      cause: this.causeInMachine(),
    });
  }

  private nothingMoreExpected(code: DivergenceCode, position: Position, came: string): UserError {
    const { name, lastPosition, complete } = this.recording;
    if (!complete && position >= lastPosition) return recordingEndsHere({ file: name, lastPosition, came });
    return this.diverged(code, {
      position,
      expected: code === 'divergence-input' ? expectations.noMoreQuestions() : expectations.noMoreRequests(),
      came,
      cause: this.causeInMachine(),
    });
  }

  /**
   * The likely cause of a difference that cannot be explained by changed files: the machine itself behaves differently.
   * If the recording is from an older version, some devices have changed since it was made; see
   * docs/qemu-differences.md.
   */
  private causeInMachine(): string {
    const { blkreplayVersion, formatVersion } = this.recording.header;
    const isOlder = formatVersion < QEMU_DEVICES_VERSION;
    return isOlder
      ? divergenceCauses.olderMachine({ version: blkreplayVersion, format: formatVersion, formatNow: FORMAT_VERSION })
      : divergenceCauses.machine(blkreplayVersion);
  }

  private causeOfCompletion(expected: BlockEntry, came: BlockCompletion): string {
    if (expected.kind !== 'blockCompletion' || expected.drive !== came.drive || expected.id !== came.id) {
      return this.causeInMachine();
    }
    if (expected.status !== came.status) return divergenceCauses.driveError(came.drive);
    const request = expected.digest !== came.digest ? this.requestOf(came) : undefined;
    const files = this.filesOf(came.drive);
    if (request === undefined || !files) return this.causeInMachine();
    const at = { drive: came.drive, sector: Math.floor(request.offset / 512), files };
    return request.operation === 'read' ? divergenceCauses.driveContent(at) : divergenceCauses.driveWrite(at);
  }

  private filesOf(drive: string): RecordedDrive | undefined {
    return this.recording.header.drives.find(({ id }) => id === drive);
  }

  /**
   * Finds the recorded request that belongs to a completion. This is slow, because it reads the recording
   * from the start. Use it only to describe a difference.
   */
  private requestOf(completion: BlockCompletion): BlockRequest | undefined {
    for (const entry of this.recording.entriesFrom(0, ['blockRequest'])) {
      if (entry.kind !== 'blockRequest') continue;
      if (entry.drive === completion.drive && entry.id === completion.id) return entry;
    }
    return undefined;
  }

  /** Describes the recorded entry. Includes the entry's position only if the divergence is at a different position. */
  private expectedText(entry: EventEntry | AnswerEntry | BlockEntry, divergedAt: Position): string {
    return this.entryText(entry) + atOtherPosition(entry.position, divergedAt);
  }

  private entryText(entry: EventEntry | AnswerEntry | BlockEntry): string {
    switch (entry.kind) {
      case 'input':
      case 'answer':
        return decodePortEntry(entry, this.recording.ports).expectation();
      case 'clockJump':
        return expectations.clockJump(entry.nanoseconds);
      case 'memoryWrite':
        return expectations.memoryWrite({ address: entry.address, lengthBytes: entry.bytes.length });
      case 'registerWrite':
        return expectations.registerWrite(entry.register);
      case 'blockRequest':
        return expectations.request(entry);
      case 'blockCompletion':
        return expectations.completion(completionFields(entry));
      default:
        return assertNever(entry);
    }
  }

  private diverged(
    code: Parameters<typeof replayDiverged>[0],
    seen: { position: Position; expected: string; came: string; cause: string },
  ): UserError {
    return replayDiverged(code, { file: this.recording.name, ...seen });
  }
}

function sameRequest(a: BlockRequest, b: BlockRequest): boolean {
  return (
    a.position === b.position &&
    a.id === b.id &&
    a.drive === b.drive &&
    a.operation === b.operation &&
    a.offset === loggedOffset(b.offset) &&
    a.lengthBytes === b.lengthBytes
  );
}

function sameCompletion(a: BlockCompletion, b: BlockCompletion): boolean {
  return (
    a.position === b.position && a.id === b.id && a.drive === b.drive && a.status === b.status && a.digest === b.digest
  );
}

function sameParts(a: readonly DigestPart[], b: readonly DigestPart[]): boolean {
  return a.length === b.length && a.every((part, i) => part.name === b[i].name && part.value === b[i].value);
}

const completionFields = ({ drive, id, status, digest }: BlockCompletion) => ({
  ...{ drive, id, status },
  digest: valueText(digest),
});

function valueText(value: bigint | undefined): string {
  return value === undefined ? 'none' : digestText(value);
}
