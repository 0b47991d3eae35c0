import { assert } from '../../base/assert.ts';
import type { Host } from '../../base/host.ts';
import type { Position } from '../../base/quantities.ts';
import type { Inputs, InputStatus, OutsideEvent } from '../../machine/inputs.ts';
import { CLOCK_PORT } from '../../machine/ports/clockPort.ts';
import { ENTROPY_PORT } from '../../machine/ports/entropyPort.ts';
import { HOST_FILE_PORT, type HostFileResult, NO_INPUT_YET } from '../../machine/ports/hostFilePort.ts';
import type { QueryPort } from '../../machine/ports/inputPort.ts';
import type { InputSource } from './inputSource.ts';
import type { SharedFolder } from './sharedFolder.ts';

/**
 * The inputs of a live machine. They come from several sources, which are polled in order. If the last source is a
 * `RealtimeIdle`, an idle machine waits in real time (`idle: realtime`). Without such a source, an idle machine's clock
 * jumps to its next deadline (`idle: warp`). Disk requests are ignored here, because the `Recorder` that wraps these
 * inputs records them.
 */
export class LiveInputs implements Inputs {
  private readonly sources: readonly InputSource[];
  /** The functions that answer the devices' queries, indexed by port. */
  private readonly answers: ReadonlyMap<number, (query: unknown) => Uint8Array>;

  /** `folder` contains the files that the guest may read through semihosting. Without it, the guest finds no files. */
  constructor(sources: readonly InputSource[], hostSources: HostSources = NO_HOST_SOURCES, folder?: SharedFolder) {
    this.sources = sources;
    this.answers = new Map([
      answersOf(CLOCK_PORT, () => hostTime(hostSources)),
      answersOf(ENTROPY_PORT, (lengthBytes) => hostSources.entropy(lengthBytes)),
      answersOf(HOST_FILE_PORT, (query) => {
        if (query.kind === 'console') return this.consoleBytes(query.lengthBytes);
        return folder?.answer(query) ?? result({ error: ENOENT });
      }),
    ]);
  }

  nextPosition(status: InputStatus): Position {
    let earliest = Infinity;
    for (const source of this.sources) earliest = Math.min(earliest, source.nextPosition(status));
    return earliest;
  }

  takeEvent(status: InputStatus): OutsideEvent | undefined {
    for (const source of this.sources) {
      const event = source.take(status);
      if (event) return event;
    }
    return undefined;
  }

  answer<Query>(_position: Position, port: QueryPort<Query, unknown>, query: Query): Uint8Array {
    const answer = this.answers.get(port.number);
    assert(answer, 'the host answers the queries of each port');
    return answer(query);
  }

  /** Console input for semihosting. Without a console source, every read returns end of input. */
  private consoleBytes(lengthMax: number): HostFileResult {
    const console = this.sources.find((source) => source.read);
    if (!console) return result({});
    const bytes = console.read!(lengthMax);
    return bytes ? result({ bytes }) : result({ error: NO_INPUT_YET });
  }

  digestOf(): bigint {
    return 0n;
  }

  blockRequest(): void {}

  blockCompletion(): void {}
}

/** The host's sources of time and entropy, for devices. */
export type HostSources = Pick<Host, 'dateMilliseconds' | 'entropy'>;

function answersOf<Query, Answer>(
  { number, answers }: QueryPort<Query, Answer>,
  answer: (query: Query) => Answer,
): [number, (query: unknown) => Uint8Array] {
  return [number, (query) => answers.encode(answer(query as Query))];
}

/** Times before 1970 are replaced by the start of 1970, because recordings cannot store them. */
const hostTime = (host: HostSources): number => Math.max(0, Math.floor(host.dateMilliseconds()));

const result = ({ error = 0, bytes = new Uint8Array() }: Partial<HostFileResult>): HostFileResult => ({
  ...{ error, bytes, lengthBytes: 0 },
});
const ENOENT = 2;

/**
 * The sources for a machine that is not recorded but must behave identically in every run: the time is always the start
 * of 1970, and all random bytes are zero.
 */
const NO_HOST_SOURCES: HostSources = {
  dateMilliseconds: () => 0,
  entropy: (lengthBytes) => new Uint8Array(lengthBytes),
};
