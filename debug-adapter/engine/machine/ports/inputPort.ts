/**
 * A port through which one device receives data from outside the machine. There are two kinds of traffic: *events*,
 * which are pushed to the device and delivered as one step each, and *answers* to the device's queries, which are part
 * of the step that makes the query. All code between the device and the outside world (`Inputs`, recorder, player,
 * recording format) handles only port numbers, positions and payloads. The port's formats define the payloads.
 */
export interface InputPort {
  /** Identifies the port in recordings. Numbers are never changed or reused. */
  readonly number: number;
  readonly events?: PayloadFormat<unknown>;
  readonly answers?: AnswerFormat<unknown, unknown>;
}

/** A port whose device receives events. */
export interface EventPort<Event> extends InputPort {
  readonly events: PayloadFormat<Event>;
}

/** A port whose device makes queries. */
export interface QueryPort<Query, Answer> extends InputPort {
  readonly answers: AnswerFormat<Query, Answer>;
}

/** How the events or answers of a port are encoded, and how they are described to users. */
export interface PayloadFormat<Value> {
  /**
   * The kind of log entry that `dump` prints and `--kind` accepts. It must be unique, and must not change, because
   * scripts depend on it.
   */
  readonly kind: string;
  encode(value: Value): Uint8Array;
  /** Throws `Malformed` if the payload is invalid. */
  decode(payload: Uint8Array): Value;
  /** The fields of the log entry in JSON output. */
  fields(value: Value): Record<string, unknown>;
  /** One line of text for `dump`. */
  describe(value: Value): string;
  /** A noun phrase for divergence messages: `expected <it>, but ...`. */
  expectation(value: Value): string;
}

export interface AnswerFormat<Query, Answer> extends PayloadFormat<Answer> {
  /** The object of the sentence `a device requested <it>`, for divergence messages. */
  readonly requested: string;
  /** Whether the host could have given this answer to the query. If not, the replay has diverged. */
  isPossible(answer: Answer, query: Query): boolean;
}
