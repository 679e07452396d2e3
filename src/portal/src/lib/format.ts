import { useTranslation } from 'react-i18next';

const cache = new Map<string, unknown>();

function cached<T>(key: string, make: () => T): T {
  let value = cache.get(key) as T | undefined;
  if (value === undefined) {
    value = make();
    cache.set(key, value);
  }
  return value;
}

/** Numbers, times and sizes as the person's language writes them. */
export interface Format {
  number: (value: number, digits?: number) => string;
  percent: (share: number) => string;
  /** `22 Nov 2026, 21:04`. */
  dateTime: (iso: string) => string;
  date: (iso: string) => string;
  /** Near times in words (`3 min ago`), others by date; `now` in milliseconds. */
  ago: (iso: string, now: number) => string;
  /** A DICOM date, `YYYYMMDD`; as it stands where it is none. */
  dicomDate: (value: string) => string;
  bytes: (count: number) => string;
  /** `1 h 5 min`, `3 min`, `40 s`. */
  duration: (seconds: number) => string;
}

export function formatFor(language: string): Format {
  return cached(`format ${language}`, () => {
    const unit = (name: string, value: number, digits = 0) => cached(`${language} ${name} ${digits}`, () => new Intl.NumberFormat(
      language, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: digits })).format(value);
    const dateTime = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
    const date = new Intl.DateTimeFormat(language, { dateStyle: 'medium' });
    const dateUtc = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' });
    const relative = new Intl.RelativeTimeFormat(language, { style: 'short', numeric: 'auto' });
    const percent = new Intl.NumberFormat(language, { style: 'percent', maximumFractionDigits: 0 });
    return {
      number: (value, digits = 0) => cached(`${language} number ${digits}`, () => new Intl.NumberFormat(
        language, { maximumFractionDigits: digits })).format(value),
      percent: share => percent.format(share),
      dateTime: iso => dateTime.format(new Date(iso)),
      date: iso => date.format(new Date(iso)),
      ago: (iso, now) => {
        const seconds = Math.min(0, Math.round((Date.parse(iso) - now) / 1000));
        if (seconds > -45) {
          return relative.format(0, 'second');
        }
        if (seconds > -3600) {
          return relative.format(Math.round(seconds / 60), 'minute');
        }
        return seconds > -86_400 ? relative.format(Math.round(seconds / 3600), 'hour') : dateTime.format(new Date(iso));
      },
      dicomDate: value => {
        const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(value) ?? [];
        const time = Date.UTC(Number(year), Number(month) - 1, Number(day));
        return Number.isNaN(time) ? value : dateUtc.format(time);
      },
      bytes: count => {
        const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
        const step = count < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
        const value = count / 1000 ** step;
        return unit(units[step] ?? 'byte', value, step > 0 && value < 100 ? 1 : 0);
      },
      duration: seconds => {
        const whole = Math.max(0, Math.round(seconds));
        if (whole < 60) {
          return unit('second', whole);
        }
        if (whole < 3600) {
          return unit('minute', Math.round(whole / 60));
        }
        const minutes = Math.round(whole / 60);
        return `${unit('hour', Math.floor(minutes / 60))} ${unit('minute', minutes % 60)}`;
      },
    };
  });
}

export function useFormat(): Format {
  const { i18n } = useTranslation();
  return formatFor(i18n.language);
}
