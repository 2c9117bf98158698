import type { Metric, Registry } from 'prom-client';

type Labels = Record<string, string>;
type Value = { metricName: string; labels: Labels; value: number };
type Series = { labels: Labels; /** of each bucket by itself; the last is above all bounds */ counts: number[]; sum: number };

/**
 * A histogram of seconds that only counts when something is observed: prom-client's own looks its series up by a text of all
 * labels each time, and there are dozens of observations a request. The rest is done when somebody scrapes.
 */
export class Durations {
  readonly name: string;
  readonly help: string;
  readonly type = 'histogram';
  readonly aggregator = 'sum';
  private readonly bounds: readonly number[];
  private readonly all: Series[] = [];

  constructor({ name, help, bounds, register }: { name: string; help: string; bounds: readonly number[]; register: Registry }) {
    this.name = name;
    this.help = help;
    this.bounds = bounds;
    // it asks no more of a metric than `name` and `get`
    register.registerMetric(this as unknown as Metric);
  }

  /** Ask once for each combination of labels, and keep what observes. A series is shown from its first observation. */
  series(labels: Labels): (seconds: number) => void {
    const series: Series = { labels, counts: [...this.bounds.map(() => 0), 0], sum: 0 };
    this.all.push(series);
    const { bounds } = this;
    return (seconds) => {
      let at = 0;
      while (at < bounds.length && seconds > (bounds[at] ?? 0)) at += 1;
      series.counts[at] = (series.counts[at] ?? 0) + 1;
      series.sum += seconds;
    };
  }

  get(): { name: string; help: string; type: string; aggregator: string; values: Value[] } {
    const { name, help, type, aggregator } = this;
    return { name, help, type, aggregator, values: this.all.flatMap((series) => this.shown(series)) };
  }

  /** As Prometheus wants it: each bucket with what is in those below it. */
  private shown({ labels, counts, sum }: Series): Value[] {
    let count = 0;
    const buckets = counts.map((own, at) => {
      count += own;
      return { metricName: `${this.name}_bucket`, labels: { le: String(this.bounds[at] ?? '+Inf'), ...labels }, value: count };
    });
    if (count === 0) return [];
    return [...buckets, { metricName: `${this.name}_sum`, labels, value: sum }, { metricName: `${this.name}_count`, labels, value: count }];
  }
}
