import type { ComponentProps, ReactNode } from 'react';
import { Link, type LinkProps } from 'react-router';
import styles from './Button.module.css';
import { Icon, type IconName } from './Icon';

interface Look {
  variant?: 'primary' | 'secondary' | 'quiet' | 'danger';
  size?: 'normal' | 'small';
  icon?: IconName;
  children?: ReactNode;
}

type ButtonProps = Look & Omit<ComponentProps<'button'>, 'className'> & {
  /** Being done: shown as such, and not to be pressed again. */
  busy?: boolean;
};

const classOf = ({ variant = 'secondary', size = 'normal', children }: Look) =>
  [styles.button, styles[variant], styles[size], children === undefined ? styles.bare : ''].join(' ');

/** A button without children is its icon alone and needs an `aria-label`. */
export function Button({ variant, size, icon, busy = false, children, type = 'button', disabled, onClick, ...rest }: ButtonProps) {
  return (
    <button {...rest} type={type} className={classOf({ ...(variant && { variant }), ...(size && { size }), children })}
      disabled={disabled} aria-busy={busy || undefined} aria-disabled={busy || undefined}
      onClick={busy ? event => event.preventDefault() : onClick}>
      {busy ? <span className={styles.spinner} aria-hidden="true" /> : icon && <Icon name={icon} size={size === 'small' ? 16 : 18} />}
      {children}
    </button>
  );
}

/** A link that looks like a button: it leads somewhere. */
export function LinkButton({ variant, size, icon, children, ...rest }: Look & Omit<LinkProps, 'className'>) {
  return (
    <Link {...rest} className={classOf({ ...(variant && { variant }), ...(size && { size }), children })}>
      {icon && <Icon name={icon} size={size === 'small' ? 16 : 18} />}
      {children}
    </Link>
  );
}
