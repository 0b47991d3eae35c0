/** All cases of damage.test.ts pass; `npm test` runs a selection. */
import './damage.test.ts';
