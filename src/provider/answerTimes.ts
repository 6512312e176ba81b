import { Histogram } from '../metrics/histogram.ts';
import type { ProviderView, Quantiles } from './deskViews.ts';
import type { AnswerTiming } from './port.ts';

export const quantiles = (times: Histogram): Quantiles => ({
  p50: times.quantile(0.5),
  p99: times.quantile(0.99),
  samples: times.count,
});

/** How streamed answers came, all of them. */
export class AnswerTimes {
  private readonly first = new Histogram(0.1);
  private readonly gaps = new Histogram(0.01);

  record({ firstTokenMs, tokenGapMs }: AnswerTiming): void {
    this.first.record(firstTokenMs);
    if (tokenGapMs !== null) this.gaps.record(tokenGapMs);
  }

  view(): Pick<ProviderView, 'firstTokenMs' | 'tokenGapMs'> {
    return { firstTokenMs: quantiles(this.first), tokenGapMs: quantiles(this.gaps) };
  }
}
