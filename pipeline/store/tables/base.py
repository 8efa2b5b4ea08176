"""What all tables share: the register of tables and the SQL types of ticket fields."""

from sqlalchemy import Boolean, DateTime, Integer, MetaData, Text

from pipeline.domain.ticket import Kind

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SQL_TYPES = {
    Kind.TEXT: Text,
    Kind.CODE: Text,
    Kind.TIME: DateTime,
    Kind.COUNT: Integer,
    Kind.FLAG: Boolean,
}
