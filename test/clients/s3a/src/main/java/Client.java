import java.io.File;
import java.net.URI;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Hadoop's S3A without a region, as Spark and Hive use it: folders, renames, reads from within. Client BUCKET SOURCE FOLDER. */
public class Client {
  public static void main(String[] parameters) throws Exception {
    Configuration settings = new Configuration();
    settings.set("fs.s3a.endpoint", System.getenv("AWS_ENDPOINT_URL"));
    settings.set("fs.s3a.access.key", System.getenv("AWS_ACCESS_KEY_ID"));
    settings.set("fs.s3a.secret.key", System.getenv("AWS_SECRET_ACCESS_KEY"));
    settings.set("fs.s3a.path.style.access", "true");
    settings.set("fs.s3a.multipart.size", "5M");
    settings.set("fs.s3a.attempts.maximum", "2");
    settings.set("fs.s3a.retry.limit", "2");
    try (FileSystem files = FileSystem.get(URI.create("s3a://" + parameters[0] + "/"), settings)) {
      Path folder = new Path("/folder/deeper");
      if (!files.mkdirs(folder)) throw new Exception("mkdirs");
      for (String name : new String[] {"plain.txt", "large.bin", "empty.bin", "with space.txt"}) {
        files.copyFromLocalFile(new Path(new File(parameters[1], name).toURI()), new Path(folder, name));
      }
      expect(4, files.listStatus(folder).length);
      Path renamed = new Path("/renamed");
      if (!files.rename(new Path("/folder"), renamed)) throw new Exception("rename");
      expect(0, files.exists(folder) ? 1 : 0);
      Path large = new Path(renamed, "deeper/large.bin");
      FileStatus status = files.getFileStatus(large);
      byte[] end = new byte[100];
      try (var stream = files.open(large)) {
        stream.readFully(status.getLen() - end.length, end);
      }
      byte[] local = java.nio.file.Files.readAllBytes(java.nio.file.Path.of(parameters[1], "large.bin"));
      byte[] wanted = Arrays.copyOfRange(local, local.length - end.length, local.length);
      if (!Arrays.equals(end, wanted)) throw new Exception("other bytes at the end of large.bin");
      files.copyToLocalFile(false, new Path(renamed, "deeper"), new Path(new File(parameters[2]).toURI()), true);
      if (!files.delete(renamed, true)) throw new Exception("delete");
      expect(0, files.listStatus(new Path("/")).length);
    }
  }

  private static void expect(long wanted, long found) throws Exception {
    if (wanted != found) throw new Exception("expected " + wanted + ", found " + found);
  }
}
