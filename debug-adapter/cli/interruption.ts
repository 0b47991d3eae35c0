/** The signals that ask a run to end: it then closes everything properly. */
export interface Interruption {
  requested: boolean;
  /** Resolves when it is. */
  readonly whenRequested: Promise<void>;
}

export function watchSignals(): Interruption {
  let resolve!: () => void;
  const interruption = { requested: false, whenRequested: new Promise<void>((whenDone) => (resolve = whenDone)) };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      interruption.requested = true;
      resolve();
    });
  }
  return interruption;
}
