// `npm run bench [-- --pairs N --samples N --only speed,stops,linux,block,log,latency,idle,symbols]`: measures the
// speed of whole processes compared with QEMU (speed.ts, linux.ts), the cost of waiting for a lock (spin.ts), the cost
// of stop points (stops.ts), the cost of the block engine (block.ts), the cost of searches in a long log (log.ts), the
// response time of the debug adapter (latency.ts), the cost of an idle Linux guest (idle.ts), and the cost of large
// symbol files (symbols.ts). The output names the measurements that were skipped because this host does not support
// them.
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { measureBlock } from './block.ts';
import { measureIdle } from './idle.ts';
import { measureLatency } from './latency.ts';
import { measureLinux } from './linux.ts';
import { measureLog } from './log.ts';
import { measureSpeed } from './speed.ts';
import { measureSpin } from './spin.ts';
import { measureStops } from './stops.ts';
import { measureSymbols } from './symbols.ts';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '5' },
    samples: { type: 'string', default: '200' },
    only: { type: 'string', default: 'speed,stops,linux,block,log,latency,idle,symbols' },
  },
});
const pairs = Number(values.pairs);
const parts = {
  speed: () => {
    measureSpeed(pairs);
    measureSpin(pairs);
  },
  stops: () => measureStops(Math.min(pairs, 3)),
  linux: () => measureLinux(Math.min(pairs, 3)),
  block: () => measureBlock(pairs),
  log: measureLog,
  latency: () => measureLatency(Number(values.samples)),
  idle: () => measureIdle(20),
  symbols: () => measureSymbols(3),
};
for (const name of values.only.split(',')) {
  console.log(`[load average ${loadavg()[0].toFixed(1)} on ${availableParallelism()} processors]`);
  await parts[name]();
}
