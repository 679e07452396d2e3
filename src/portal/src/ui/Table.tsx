import type { ReactNode } from 'react';
import styles from './Table.module.css';

export interface Column<Row> {
  key: string;
  title: string;
  cell: (row: Row) => ReactNode;
  /** `end` for numbers, so that their digits stand below each other. */
  align?: 'start' | 'end';
  /**
   * How a narrow screen's card shows it: as its heading, whose link the whole row follows, as a plain heading, in the corner beside it,
   * as a line of its own, after one another without titles, or not at all.
   */
  narrow?: 'heading' | 'plain' | 'corner' | 'line' | 'inline' | 'hidden';
  width?: string;
  /** Spoken, not shown: for a column of buttons. */
  isTitleHidden?: boolean;
}

interface TableProps<Row> {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
}

/** Rows of things, dense; cards where the screen is narrow. A link in the heading cell makes the whole row lead there. */
export function Table<Row>({ caption, columns, rows, rowKey }: TableProps<Row>) {
  const classOf = (column: Column<Row>) => [styles[column.narrow ?? 'line'], column.align === 'end' ? styles.end : ''].join(' ');
  return (
    <table className={styles.table} role="table">
      <caption className="visually-hidden">{caption}</caption>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(column => (
            <th key={column.key} role="columnheader" scope="col" className={column.align === 'end' ? styles.end : undefined}
              style={column.width === undefined ? undefined : { inlineSize: column.width }}>{column.isTitleHidden === true ? <span className="visually-hidden">{column.title}</span> : column.title}</th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map(row => (
          <tr key={rowKey(row)} role="row">
            {columns.map(column => (
              <td key={column.key} role="cell" className={classOf(column)} data-title={column.title}>{column.cell(row)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
