# What a program may expect of a file system, line by line: `perl posix.pl DIRECTORY [old] [hole] [lock] [xattr]` as root, with the
# perl that is in every Debian. The same lines must come out of a local file system and of one that is served.
use strict;
use warnings;
use Errno ();
use Fcntl qw(:DEFAULT :mode :seek);
use POSIX qw(:sys_wait_h mkfifo);
use Socket qw(AF_UNIX SOCK_STREAM pack_sockaddr_un);

my ($base, @also) = @ARGV;
my %also = map { $_ => 1 } @also;
chdir $base or die "$base: $!";
umask 022;
$| = 1;

my $dir;

# Each part has an empty directory of its own, which must be empty again.
sub part {
  my ($name, $run) = @_;
  $dir = "$base/$name";
  mkdir $dir or die "$dir: $!";
  chdir $dir or die;
  my @said = eval { $run->() };
  push @said, "died: $@" if $@;
  chdir $base;
  system 'rm', '-rf', '--', $dir;
  push @said, 'not empty' if -e $dir;
  print "$name: @said\n";
}

sub word { my ($done) = @_; return $done ? 'ok' : error() }
sub error { for (keys %!) { return $_ if exists $!{$_} && $!{$_} && $_ !~ /^E(WOULDBLOCK|OPNOTSUPP)$/ } return $! + 0 }
sub put { my ($name, $text) = @_; open my $file, '>', $name or die "$name: $!"; print $file $text; close $file or die "$name: $!" }
sub get { my ($name) = @_; open my $file, '<', $name or return error(); local $/; my $text = <$file>; return $text // '' }
sub names { opendir my $handle, '.' or die; return sort grep { !/^\.(\.?|nfs.*)$/ } readdir $handle } # without what NFS clients rename instead of deleting
sub count { return scalar(my @all = names()) }
sub mode { return sprintf '%o', (lstat $_[0])[2] & 07777 }
sub links { return (lstat $_[0])[3] }
sub owner { return join ':', (lstat $_[0])[4, 5] }
sub content { my ($file) = @_; sysseek $file, 0, SEEK_SET; sysread $file, my $text, 1 << 20; return $text }

# What this user, of these groups, says to it.
sub as {
  my ($uid, $groups, $run) = @_;
  pipe my $read, my $write or die;
  my $pid = fork // die;
  if (!$pid) {
    $) = $groups;
    POSIX::setgid((split ' ', $groups)[0]);
    POSIX::setuid($uid);
    my @said = eval { $run->() };
    print $write "@said$@";
    close $write;
    POSIX::_exit(0);
  }
  close $write;
  local $/;
  my $said = <$read>;
  waitpid $pid, 0;
  return $said;
}

part 'rename' => sub {
  put('new', 'new'); put('old', 'old');
  open my $open, '<', 'old' or die;
  my @said = word(rename 'new', 'old');
  push @said, content($open), get('old'), names();
  close $open;
  mkdir $_ for qw(full full/x empty other);
  put('file', '');
  push @said, word(rename 'empty', 'full'), word(rename 'empty', 'empty/below'), word(rename 'file', 'empty');
  push @said, word(rename 'empty', 'file'), word(rename 'full', 'empty'), word(-d 'empty/x'), word(rename 'gone', 'x');
  link 'file', 'same';
  return @said, word(rename 'file', 'same'), names();
};

part 'renamed-while-read' => sub {
  put('target', 'a' x 1000);
  put('target', 'a' x 1000);
  my $pid = fork // die;
  if (!$pid) {
    for my $round (1 .. 60) { my $letter = $round % 2 ? 'b' : 'a'; put('next', $letter x 1000); rename 'next', 'target' }
    POSIX::_exit(0);
  }
  my ($torn, $rounds) = (0, 0);
  until (waitpid($pid, WNOHANG)) { $torn++ unless get('target') =~ /^(a{1000}|b{1000})$/; $rounds++ }
  return $torn, word($rounds > 0);
};

part 'links' => sub {
  mkdir $_ for qw(d d/a d/b);
  put('f', '');
  my @said = (links('d'), links('f'), word(link 'f', 'd/g'), links('f'), word((lstat 'f')[1] == (lstat 'd/g')[1]));
  put('d/g', 'by the other name');
  push @said, get('f'), word(unlink 'f'), links('d/g'), word(rmdir 'd/a'), links('d'), word(link 'd', 'e');
  symlink 'nowhere', 's';
  return @said, word(link 's', 't'), links('s'), readlink('t'), word(link 'gone', 'x'), word(link 'd/g', 's');
};

part 'sticky' => sub {
  mkdir 'd'; chmod 01777, 'd';
  put('d/roots', ''); put('d/own', ''); chown 1000, 1000, 'd/own';
  my $said = as(1000, '1000 1000', sub { word(unlink 'd/roots'), word(rename 'd/roots', 'd/x'), word(rename('d/own', 'd/mine')), word(unlink 'd/mine') });
  return mode('d'), $said;
};

part 'unlinked' => sub {
  mkdir 'd';
  open my $open, '+>', 'd/f' or die;
  syswrite $open, 'before ';
  my @said = (word(unlink 'd/f'), word(!-e 'd/f'), word(sysopen my $again, 'd/f', O_WRONLY | O_CREAT | O_EXCL));
  sysseek $open, 0, SEEK_END;
  syswrite $open, 'after';
  push @said, content($open), (stat $open)[7];
  close $_ for $open, $again;
  return @said, word(unlink 'd/f'), word(rmdir 'd');
};

part 'exclusive' => sub {
  my @said = (word(sysopen my $file, 'f', O_WRONLY | O_CREAT | O_EXCL, 0666), mode('f'), word(sysopen my $other, 'f', O_WRONLY | O_CREAT | O_EXCL));
  symlink 'f', 's';
  push @said, word(sysopen my $third, 's', O_WRONLY | O_CREAT | O_EXCL), word(sysopen my $fourth, 'ro', O_RDWR | O_CREAT | O_EXCL, 0400);
  syswrite $fourth, 'written' or push @said, error();
  push @said, mode('ro'), get('ro');
  unlink 'f', 's', 'ro';
  pipe my $read, my $write or die;
  for (1 .. 6) {
    next if fork // die;
    close $read;
    for my $at (1 .. 40) { syswrite $write, 'x' if sysopen my $won, "n$at", O_WRONLY | O_CREAT | O_EXCL }
    POSIX::_exit(0);
  }
  close $write;
  local $/;
  my $won = length <$read>;
  1 while wait > 0;
  return @said, $won, count();
};

part 'append' => sub {
  put('f', '');
  for my $who ('a' .. 'd') {
    next if fork // die;
    sysopen my $file, 'f', O_WRONLY | O_APPEND or die;
    syswrite $file, "$who line $_ of this process\n" for 1 .. 100;
    POSIX::_exit(0);
  }
  1 while wait > 0;
  my @lines = split /^/m, get('f');
  return scalar(@lines), scalar(grep { !/^[a-d] line \d+ of this process$/ } @lines);
};

part 'names' => sub {
  my $long = 'n' x 255;
  my @said = (word(open my $file, '>', $long), word(open my $other, '>', "${long}n"), word(mkdir "${long}n"), word(symlink 'x', "${long}n"));
  push @said, word(rename $long, "${long}n"), word(join('', names()) eq $long);
  unlink $long;
  my @bytes = grep { $_ != 47 } 1 .. 255;
  my @wanted = sort map { join '', map { chr } @$_ } [@bytes[0 .. 126]], [@bytes[127 .. 253]], [255, 254], [10], [32], [92, 48];
  put($_, length $_) for @wanted;
  push @said, word(join('/', @wanted) eq join('/', names())), scalar grep { get($_) eq length } @wanted;
  push @said, word(symlink "\xff\n" x 500, 'l'), word(readlink('l') eq "\xff\n" x 500);
  return @said, word(unlink(@wanted, 'l') == @wanted + 1);
};

part 'nodes' => sub {
  my @said = map { word(!system 'mknod', @$_) } [qw(-m 666 c c 1 3)], [qw(-m 640 b b 7 1)];
  push @said, map { my @s = lstat $_; sprintf '%o/%d.%d', $s[2], $s[6] >> 8, $s[6] & 255 } qw(c b);
  push @said, word(open my $null, '>', 'c'), word(mkfifo 'p', 0600);
  my $said = as(0, '0 0', sub { open my $fifo, '>', 'p' or return error(); print $fifo 'through the fifo'; close $fifo; 'sent' }) if !fork // die;
  POSIX::_exit(0) if defined $said;
  push @said, get('p');
  wait;
  socket my $server, AF_UNIX, SOCK_STREAM, 0 or die;
  push @said, word(bind $server, pack_sockaddr_un('s')), word(listen $server, 1), word(-S 's');
  socket my $client, AF_UNIX, SOCK_STREAM, 0 or die;
  return @said, word(connect $client, pack_sockaddr_un('s')), word(unlink qw(c b p s));
};

part 'setgid' => sub {
  mkdir 'd'; chown 0, 50, 'd'; chmod 02777, 'd';
  put('d/f', ''); mkdir 'd/s'; mkdir 'd/s/t';
  my @said = (owner('d/f'), owner('d/s'), mode('d/s'), mode('d/s/t'));
  push @said, as(1000, '1000 1000', sub { put('d/u', ''); mkdir 'd/v'; owner('d/u'), owner('d/v'), mode('d/v'), word(chmod 02755, 'd/u'), mode('d/u') });
  return @said;
};

part 'times' => sub {
  put('f', '');
  my @said = (word(utime 1_000_000_000, 2_000_000_000, 'f'), join '/', (stat 'f')[8, 9]);
  system 'touch', '-m', '-d', '@1707055890.123456789', 'f';
  push @said, `stat -c %.9Y f` =~ /(.*)/, $also{old} ? (word(utime -5, -7, 'f'), join '/', (stat 'f')[8, 9]) : ();
  chmod 0666, 'f';
  push @said, as(1000, '1000 1000', sub { word(utime 1, 1, 'f'), word(utime undef, undef, 'f') }), word((stat 'f')[9] > 1_700_000_000);
  my $before = (stat 'f')[10];
  symlink 'f', 's';
  system qw(touch -h -d @77 s);
  push @said, (lstat 's')[9];
  utime 5, 5, '.';
  put('new', '');
  return @said, word((stat '.')[9] > 5), word((stat 'f')[10] >= $before);
};

part 'sizes' => sub {
  put('f', 'x' x 5000);
  my @said = (word(truncate 'f', 100), -s 'f', word(truncate 'f', 9000), -s 'f', word(get('f') eq 'x' x 100 . "\0" x 8900));
  push @said, word(truncate 'f', 0), -s 'f', word(truncate 'f', 5 << 30), -s 'f';
  open my $file, '+<', 'f' or die;
  sysseek $file, (5 << 30) - 3, SEEK_SET;
  syswrite $file, 'the end';
  push @said, -s 'f';
  chmod 0400, 'f'; chown 1000, 1000, 'f';
  push @said, as(1000, '1000 1000', sub { word(truncate 'f', 1) }), word(truncate $file, 2), -s 'f';
  mkdir 'd';
  return @said, word(truncate 'd', 0), word(truncate 'gone', 0);
};

part 'rights' => sub {
  put('secret', 'secret'); chmod 0600, 'secret';
  put('group', 'group'); chmod 0640, 'group'; chown 0, 77, 'group';
  mkdir 'closed'; put('closed/f', ''); chmod 0700, 'closed';
  mkdir 'blind'; put('blind/f', 'seen'); chmod 0711, 'blind';
  mkdir 'listed'; put('listed/f', ''); chmod 0744, 'listed';
  my $look = sub {
    word(open my $a, '<', 'secret'), word(open my $b, '<', 'group'), word(open my $c, '<', 'closed/f'), word(opendir my $d, 'blind'),
      get('blind/f'), word(opendir my $e, 'listed'), word(open my $f, '<', 'listed/f'), word(mkdir 'new'), word(unlink 'secret'),
      word(chmod 0777, 'secret'), word(chown 1000, 1000, 'secret'), word(open my $g, '>', 'group'), word(-x 'group');
  };
  my @said = (as(1000, '1000 1000', $look), as(1000, '1000 1000 77', $look));
  put('run', "#!/bin/sh\necho ran\n"); chmod 0711, 'run';
  push @said, as(1000, '1000 1000', sub { word(open my $x, '<', 'run') });
  put('id', 'x'); chmod 06755, 'id';
  push @said, mode('id'), word(chown 1000, 1000, 'id'), mode('id');
  chmod 06777, 'id';
  push @said, as(1001, '1001 1001', sub { open my $file, '>>', 'id' or return error(); print $file 'y'; close $file; 'wrote' }), mode('id');
  put('mine', ''); chown 1000, 1000, 'mine';
  push @said, as(1000, '1000 1000 77', sub { word(chown(-1, 77, 'mine')), word(chown(-1, 78, 'mine')), word(chown(1001, -1, 'mine')), owner('mine') });
  chmod 07777, 'mine';
  return @said, mode('mine');
};

part 'refusals' => sub {
  mkdir 'd'; put('f', ''); symlink 'l', 'l'; mkdir 'd/x';
  return word(unlink 'd'), word(rmdir 'f'), word(rmdir 'd'), word(rmdir 'gone'), word(mkdir 'f'), word(mkdir 'd'), word(open my $a, '<', 'l'),
    word(open my $b, '<', 'f/x'), word(open my $c, '>', 'd'), word(defined readlink 'f'), word(mkdir 'gone/x'), word(symlink 'x', 'f'), word(link 'f', 'd'),
    word(opendir my $e, 'f'), word(mkdir '.');
};

part 'many' => sub {
  put("f$_", '') for 1 .. 600;
  opendir my $handle, '.' or die;
  my $removed = 0;
  while (defined(my $name = readdir $handle)) { $removed += unlink $name if $name =~ /^f/ }
  return $removed, count();
};

part 'synced' => sub {
  require IO::Handle;
  open my $file, '>', 'f' or die;
  print $file 'x' x 300_000;
  $file->flush;
  my @said = (word($file->sync), -s 'f');
  opendir my $handle, '.' or die;
  return @said, word(POSIX::close(POSIX::open('.', O_RDONLY))), word(!system 'sync', '.', 'f');
};

# What the parts of a file of 1 MiB are that has data at its beginning, at 256 KiB and at its end.
part 'holes' => sub {
  my ($data, $hole) = (3, 4);
  open my $file, '+>', 'f' or die;
  for my $at (0, 256 << 10, 1020 << 10) { sysseek $file, $at, SEEK_SET; syswrite $file, 'd' x 4096 }
  require IO::Handle;
  $file->sync;
  my $map = sub { join ' ', map { my ($at, $what) = @$_; my $found = sysseek $file, $at, $what; defined $found ? $found >> 10 : error() } @_ };
  my @said = $map->([0, $data], [0, $hole], [4096, $data], [256 << 10, $hole], [(256 << 10) + 5, $data], [1 << 20, $data], [0, SEEK_END]);
  push @said, word(!system 'fallocate', '-p', '-o', 256 << 10, '-l', '4096', 'f'), $map->([4096, $data]), (stat 'f')[7];
  push @said, word(!system 'fallocate', '-l', 2 << 20, 'f'), (stat 'f')[7], word((stat 'f')[12] * 512 >= 2 << 20);
  push @said, word(!system 'fallocate', '-n', '-l', 4 << 20, 'f') , (stat 'f')[7] if $also{'keep-size'};
  my $text = get('f');
  my $wanted = 'd' x 4096 . "\0" x (1016 << 10) . 'd' x 4096 . "\0" x (1 << 20);
  return @said, word($text eq $wanted);
} if $also{hole};

part 'locks' => sub {
  put('f', '');
  my $lock = sub { my ($file, $type, $start, $length) = @_; word(fcntl $file, F_SETLK, pack 's s x![q] q q i x4', $type, SEEK_SET, $start, $length, 0) };
  open my $file, '+<', 'f' or die;
  my @said = $lock->($file, F_WRLCK, 10, 10);
  my $other = sub { open my $own, '+<', 'f' or return error(); $lock->($own, F_WRLCK, 15, 10), $lock->($own, F_RDLCK, 0, 11), $lock->($own, F_WRLCK, 20, 10), $lock->($own, F_WRLCK, 0, 0) };
  push @said, as(0, '0 0', $other), $lock->($file, F_UNLCK, 12, 2), as(0, '0 0', sub { open my $own, '+<', 'f' or die; $lock->($own, F_WRLCK, 12, 2), $lock->($own, F_WRLCK, 11, 1) });
  $lock->($file, F_RDLCK, 0, 0);
  push @said, as(0, '0 0', sub { open my $own, '+<', 'f' or die; $lock->($own, F_RDLCK, 5, 1), $lock->($own, F_WRLCK, 5, 1) });
  close $file;
  return @said, as(0, '0 0', $other);
} if $also{lock};

part 'attributes' => sub {
  my $tools = $ENV{TOOLS};
  my $run = sub { my $said = `@_ 2>&1`; $said =~ s/\s+/ /g; $said =~ s/^.*: (?=[A-Z])//; $said =~ s/ $//; return "[$said]" };
  put('f', '');
  mkdir 'd';
  my @said = ($run->("$tools/setfattr -n user.one -v first f"), $run->("$tools/setfattr -n user.two -v '' f"), $run->("$tools/setfattr -n user.one -v d d"));
  push @said, $run->("$tools/getfattr -d f"), $run->("$tools/getfattr -d d"), $run->("$tools/getfattr -n user.none f");
  push @said, $run->("$tools/setfattr -n user.one -v again f"), $run->("$tools/getfattr --only-values -n user.one f"), $run->("$tools/setfattr -x user.two f");
  push @said, $run->("$tools/getfattr -d f"), $run->("$tools/setfattr -x user.two f");
  my $set = sub { my ($flag, $name) = @_; word(!syscall 188, my $f = 'f', $name, my $v = 'v', 1, $flag) };
  push @said, $set->(1, 'user.one'), $set->(1, 'user.new'), $set->(2, 'user.none'), $set->(2, 'user.new');
  $set->(0, sprintf 'user.%s%03d', 'n' x 200, $_) for 1 .. 9;
  push @said, scalar grep { /n{200}/ } split /\n/, `$tools/getfattr f`;
  chmod 0444, 'f';
  return @said, as(1000, '1000 1000', sub { $set->(0, 'user.no'), `$tools/getfattr --only-values -n user.one f` });
} if $also{xattr};
