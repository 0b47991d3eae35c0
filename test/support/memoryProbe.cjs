// Loaded into a debug adapter by `--require`, in its first thread and in its engine's: on SIGUSR2 each thread collects its
// garbage, and what they use together is written to the file that BLKREPLAY_MEMORY_PROBE names. Counted in bytes, which
// unlike the resident set does not depend on when memory is given back to the system.
const { writeFileSync } = require('node:fs');
const { BroadcastChannel, isMainThread } = require('node:worker_threads');

const channel = new BroadcastChannel('memory probe');
channel.unref();

function measure() {
  // What one collection frees may keep buffers that the next one frees.
  for (let i = 0; i < 3; i++) global.gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapUsed, external, rss };
}

if (isMainThread) {
  channel.onmessage = ({ data: engine }) => {
    if (engine.kind !== 'measured') return;
    const own = measure();
    const used = own.heapUsed + own.external + engine.heapUsed + engine.external;
    writeFileSync(process.env.BLKREPLAY_MEMORY_PROBE, JSON.stringify({ used, rss: own.rss }));
  };
  process.on('SIGUSR2', () => channel.postMessage({ kind: 'measure' }));
} else {
  channel.onmessage = ({ data }) => {
    if (data.kind === 'measure') channel.postMessage({ kind: 'measured', ...measure() });
  };
}
