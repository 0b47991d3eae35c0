import { lazy } from '../../../base/once.ts';
import { parseNatvis } from '../natvis.ts';
import type { Visualizer } from '../visualizer.ts';
import { CPP } from './cpp.ts';
import { KERNELS } from './kernels.ts';
import { RUST } from './rust.ts';

/** The built-in formatters. They are written as natvis files, like users' own formatters. */
export const builtInVisualizers: () => readonly Visualizer[] = lazy(() =>
  [CPP, RUST, KERNELS].flatMap((text) => parseNatvis(text, () => {})),
);
